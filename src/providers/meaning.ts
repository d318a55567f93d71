/**
 * What an answer means: pure, a row of the table for each branch (README). The rule behind it: `refused` and `not-sent` may
 * be sent again or given up, because certainly no job exists; whatever is not certain is `ambiguous`, and is found again
 * or shown to a person, but never paid for twice.
 */
import type { Dialect } from './dialects.ts'
import { costOf, isObject, readJob } from './job.ts'
import type { Output, PollOutcome, SubmitOutcome } from './provider.ts'
import { errorOfAnswer, errorOfJob, retryAfterOf } from './vendor-error.ts'
import type { Answer, Seen } from './wire.ts'

interface Reading {
  readonly dialect: Dialect
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly redact: (text: string) => string
}

const isOk = (status: number): boolean => status >= 200 && status < 300
/** 408 and 409 say that something was, or is being, done with a request. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 409

export function meaningOfSubmit(seen: Seen, reading: Reading): SubmitOutcome {
  if (seen.kind === 'failure') return { kind: seen.certainlyNotSent ? 'not-sent' : 'ambiguous', error: seen.error }
  const { status, headers, json, evidence } = seen
  if (isOk(status)) return accepted(seen, reading)
  const retryAfterMs = retryAfterOf(headers, reading.now)
  const error = errorOfAnswer(json, {
    status,
    redact: reading.redact,
    retryable: status === 429 || !isRefusal(status),
    retryAfterMs,
  })
  if (!isRefusal(status)) return { kind: 'ambiguous', error, evidence }
  const costMicroUsd = costOf(json, reading.dialect)
  return { kind: 'refused', error, evidence, ...(costMicroUsd !== undefined && { costMicroUsd }) }
}

function accepted({ headers, json, evidence }: Answer, { dialect }: Reading): SubmitOutcome {
  const job = readJob(json, dialect)
  if (!job) {
    const message = 'The provider accepted the request, but its answer names no job.'
    return { kind: 'ambiguous', error: { code: 'unknown', message, retryable: true }, evidence }
  }
  const replayed = headers.get('idempotent-replayed') === 'true'
  return { kind: 'accepted', jobRef: { id: job.id }, replayed, evidence }
}

interface PollReading extends Reading {
  readonly pollEveryMs: number
  readonly submittedAt: number
  readonly jobTtlSeconds: number | undefined
}

export function meaningOfPoll(seen: Seen, reading: PollReading): PollOutcome {
  const outcome = seen.kind === 'failure' ? ({ kind: 'transient', error: seen.error } as const) : polled(seen, reading)
  const open = outcome.kind === 'running' || outcome.kind === 'transient'
  return open && isOlderThanAnyJob(reading) ? { kind: 'forgotten' } : outcome
}

const isOlderThanAnyJob = ({ now, submittedAt, jobTtlSeconds }: PollReading): boolean =>
  jobTtlSeconds !== undefined && now - submittedAt > jobTtlSeconds * 1000

function polled({ status, headers, json }: Answer, reading: PollReading): PollOutcome {
  if (status === 404 || status === 410) return { kind: 'forgotten' }
  const retryAfterMs = retryAfterOf(headers, reading.now)
  const later = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (!isOk(status)) {
    const error = errorOfAnswer(json, { status, redact: reading.redact, retryable: true })
    return { kind: 'transient', error, ...later }
  }
  const job = readJob(json, reading.dialect)
  const meaning = job?.status === undefined ? undefined : statusMeaning(reading.dialect, job.status)
  if (!job || !meaning) return { kind: 'transient', error: unreadable(job?.status, reading), ...later }
  if (meaning === 'running') {
    const progress = job.progress === undefined ? {} : { progress: job.progress / 100 }
    return { kind: 'running', retryAfterMs: retryAfterMs ?? reading.pollEveryMs, ...progress }
  }
  if (meaning === 'forgotten') return { kind: 'forgotten' }
  return ended(job, meaning, reading)
}

const statusMeaning = ({ statuses }: Dialect, status: string) => (Object.hasOwn(statuses, status) ? statuses[status] : undefined)

const unreadable = (status: string | undefined, { redact }: Reading) => ({
  code: 'unknown' as const,
  retryable: true,
  message:
    status === undefined
      ? 'The provider’s answer describes no job.'
      : redact(`The provider calls the job "${status}", which its dialect does not know.`),
})

/** Some gateways answer `completed` with an error and without a video, and bill it. */
function ended(job: NonNullable<ReturnType<typeof readJob>>, meaning: 'succeeded' | 'failed', { redact }: Reading): PollOutcome {
  const cost = job.costMicroUsd === undefined ? {} : { costMicroUsd: job.costMicroUsd }
  const hasError = isObject(job.error) ? Object.keys(job.error).length > 0 : Boolean(job.error)
  if (meaning === 'failed' || hasError) return { kind: 'failed', error: errorOfJob(job.error, redact), ...cost }
  const outputs: readonly Output[] = [{ kind: 'video', handle: { id: job.id } }]
  const expires = job.expiresAtMs === undefined ? {} : { expiresAt: new Date(job.expiresAtMs).toISOString() }
  return { kind: 'succeeded', outputs, ...cost, ...expires }
}
