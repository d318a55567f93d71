/** One attempt: signs the stored body, posts it, and says what came of it. */
import type { Answered, PostOptions } from '#src/network/outgoing.ts'
import type { Failed } from '#src/network/failure.ts'
import { EXCERPT_BYTES, excerptOf } from './excerpt.ts'
import { retryAfterMs } from './schedule.ts'
import { signatureOf } from './signature.ts'

export interface Message {
  readonly url: string
  /** The event's id: the same at every attempt, for receivers to recognise a repetition by. */
  readonly id: string
  /** The exact bytes. */
  readonly body: string
  /** The newest first. */
  readonly secrets: readonly string[]
  readonly signal?: AbortSignal
}

interface Attempted {
  readonly startedAt: Date
  readonly milliseconds: number
  /** null when there was no answer */
  readonly httpStatus: number | null
  readonly excerpt: string | null
}

export type SendOutcome =
  /** 2xx */
  | (Attempted & { readonly status: 'delivered' })
  /** 410: the receiver wants nothing more */
  | (Attempted & { readonly status: 'gone' })
  | (Attempted & { readonly status: 'failed'; readonly error: string; readonly retryAfterMs: number | undefined })
  /** This side gave up; the receiver may have got it. */
  | { readonly status: 'aborted' }

/** Connect included. */
export const ATTEMPT_TIMEOUT_MS = 15_000

interface SenderDependencies {
  readonly post: (url: string, options: PostOptions) => Promise<Answered | Failed>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly timeoutMs?: number
}

export function createSender({ post, now, timeoutMs = ATTEMPT_TIMEOUT_MS }: SenderDependencies) {
  return async function send({ url, id, body, secrets, signal }: Message): Promise<SendOutcome> {
    const started = now()
    const timestamp = Math.floor(started / 1000)
    const signature = signatureOf({ id, timestamp, body }, secrets)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Spotsmith-Webhooks/1',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    }
    const answer = await post(url, { headers, body, timeoutMs, maxResponseBytes: EXCERPT_BYTES, ...(signal && { signal }) })
    const timing = { startedAt: new Date(started), milliseconds: Math.max(0, now() - started) }
    if (answer.status === 'answered') return { ...timing, ...judge(answer, [...secrets, ...signature.split(' ')], now()) }
    if (answer.reason === 'aborted') return { status: 'aborted' }
    return { ...timing, status: 'failed', httpStatus: null, excerpt: null, error: answer.message, retryAfterMs: undefined }
  }
}

export type Send = ReturnType<typeof createSender>

/** A redirect is a failure like any other answer that is not 2xx: following it would hand the event to someone else. */
function judge(answer: Answered, secrets: readonly string[], now: number) {
  const { httpStatus } = answer
  const shown = { httpStatus, excerpt: excerptOf(answer.body, secrets) }
  if (httpStatus >= 200 && httpStatus < 300) return { ...shown, status: 'delivered' as const }
  if (httpStatus === 410) return { ...shown, status: 'gone' as const }
  const error =
    httpStatus >= 300 && httpStatus < 400 ? `Answered ${httpStatus}; redirects are not followed.` : `Answered ${httpStatus}.`
  return { ...shown, status: 'failed' as const, error, retryAfterMs: retryAfterMs(answer.headers['retry-after'], now) }
}
