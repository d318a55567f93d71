/**
 * A provider calls back about an attempt. Nothing that it says is believed: the next poll, with our own key, comes now.
 * Where the answer to the submission was lost, the callback names the job; it is taken once a poll shows that the provider
 * knows it. The address has a token of the attempt that only its submission carried.
 */
import type { Json } from '#src/contracts/json.ts'
import type { CallbackVerdict, VideoProvider } from '#src/contracts/clip-provider.ts'
import { type AttemptRow, findAttemptIfAny, isJobOfAnother } from '#src/database/attempts.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { lockUnheld, wakeRunning } from '#src/database/generations.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import { timingSafeEqual } from 'node:crypto'
import type { Outcomes } from './service-outcomes.ts'
import { attemptForProvider } from './service-submit.ts'

export interface CallbackDependencies {
  readonly db: Db
  readonly now: () => number
  readonly registry: { provider(id: string): VideoProvider | undefined }
  /** Text → signature, with a key that signs nothing else. */
  readonly sign: (text: string) => string
  /** Where providers reach the API; undefined: nowhere, and none is asked to call back. */
  readonly callbackOrigin: string | undefined
}

export interface Callback {
  readonly provider: string
  readonly token: string
  readonly raw: Uint8Array
  readonly headers: Headers
}

const tokenShape = /^(?<attemptId>att_[0-9a-z]{1,40})\.(?<signature>[\w-]{16,128})$/
const pollTimeoutMs = 10_000

export type CallbackAddress = (attemptId: string, provider: string) => string | undefined

/** The address of one attempt, for its submission only. */
export const createCallbackAddress =
  ({ sign, callbackOrigin }: Pick<CallbackDependencies, 'sign' | 'callbackOrigin'>): CallbackAddress =>
  (attemptId, provider) =>
    callbackOrigin && `${callbackOrigin}/v1/callbacks/${provider}/${attemptId}.${sign(`${provider} ${attemptId}`)}`

export function createCallbacks(deps: CallbackDependencies & { readonly outcomes: Pick<Outcomes, 'accept'> }) {
  const { db, now, registry, sign, outcomes } = deps

  /** @throws not_found for a token that is none of ours */
  function attemptIdOf(provider: string, token: string): string {
    const { attemptId = '', signature = '' } = tokenShape.exec(token)?.groups ?? {}
    const [given, expected] = [Buffer.from(signature), Buffer.from(sign(`${provider} ${attemptId}`))]
    if (given.length === expected.length && timingSafeEqual(given, expected)) return attemptId
    throw notFound('callback', provider)
  }

  async function verdictOf({ raw, headers }: Callback, provider: VideoProvider): Promise<CallbackVerdict> {
    const verdict = (await provider.verifyCallback?.(raw, headers, new Date(now()))) ?? { kind: 'unsigned' as const }
    if (verdict.kind === 'forged') throw new ServiceError('forbidden', 'The signature of the callback is wrong or missing.')
    return verdict
  }

  /** Asked with our own key: a job that the provider knows, and that no other attempt has. */
  async function isOurs(attempt: AttemptRow, jobRef: Json, provider: VideoProvider): Promise<boolean> {
    if (await isJobOfAnother(db, attempt, jobRef)) return false
    const signal = AbortSignal.timeout(pollTimeoutMs)
    const { kind } = await provider.poll(jobRef, attemptForProvider(attempt), { signal })
    return kind === 'running' || kind === 'succeeded' || kind === 'failed'
  }

  /** Only while nobody works on the row: whoever does has the answer itself. */
  async function take(attempt: AttemptRow, jobRef: Json): Promise<void> {
    await transaction(db, async (trx) => {
      const row = await lockUnheld(trx, attempt.generation_id, ['submitting', 'uncertain'])
      if (row?.attempt_id !== attempt.id) return
      await outcomes.accept(trx, row, attempt, { jobRef, pollAfterMs: 0 })
    })
  }

  return {
    /** @throws not_found for an unknown provider or token, forbidden for a wrong signature */
    async receive(callback: Callback): Promise<void> {
      const provider = registry.provider(callback.provider)
      if (!provider) throw notFound('callback', callback.provider)
      const attempt = await findAttemptIfAny(db, attemptIdOf(callback.provider, callback.token))
      if (!attempt) throw notFound('callback', callback.provider)
      const { jobRef } = await verdictOf(callback, provider)
      if ((await wakeRunning(db, attempt.id)) > 0 || jobRef === undefined) return
      const open = attempt.status === 'sending' || attempt.status === 'uncertain'
      if (open && (await isOurs(attempt, jobRef, provider))) await take(attempt, jobRef)
    },
  }
}

export type Callbacks = ReturnType<typeof createCallbacks>
