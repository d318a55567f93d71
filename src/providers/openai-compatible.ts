/** The adapter for every server that speaks a dialect of `/v1/videos`. What differs between them is data (dialects.ts). */
import { Retryable, Terminal } from '#src/errors.ts'
import type { ModelCard } from '#src/contracts/model-card.ts'
import type { Json } from '#src/contracts/json.ts'
import { type CallbackKey, isSigned } from './callback-signature.ts'
import type { Dialect } from './dialects.ts'
import { at, isObject, readJob } from './job.ts'
import { meaningOfPoll, meaningOfSubmit } from './meaning.ts'
import { createOpenResult } from './open-result.ts'
import type { Attempt, ProviderErrorCode, RecoverOutcome, SubmitOutcome, VideoProvider } from './provider.ts'
import { recoverByList } from './recover-by-list.ts'
import { encode, fieldsOf } from './request.ts'
import { createWire } from './wire.ts'

export interface OpenaiCompatibleSettings {
  readonly id: string
  /** Ends where "/videos" begins. */
  readonly baseUrl: string
  readonly apiKey: string | undefined
  /** Where the vendor signs its callbacks. */
  readonly callbackKey?: CallbackKey | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly dialect: Dialect
  readonly pollSeconds: number
  readonly maxResultBytes: number
  readonly models: readonly ModelCard[]
}

export interface OpenaiCompatiblePorts {
  /** One connection for each request: see transport.ts. */
  readonly submitFetch: typeof globalThis.fetch
  readonly fetch: typeof globalThis.fetch
  /** For addresses that an answer names. */
  readonly guardedFetch: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const submitTimeoutMs = 55_000
const readTimeoutMs = 30_000
const resultTimeoutMs = 15 * 60_000

const refusedHere = (code: ProviderErrorCode, message: string): SubmitOutcome => ({
  kind: 'refused',
  error: { code, message, retryable: false, billed: false },
  evidence: {},
})

const idOf = (jobRef: Json): string => {
  const id = at(jobRef, 'id')
  if (typeof id !== 'string' || id === '') throw new Terminal('bad_job_ref', 'The job reference must be {"id": "…"}.')
  return id
}

export function createOpenaiCompatibleProvider(settings: OpenaiCompatibleSettings, ports: OpenaiCompatiblePorts): VideoProvider {
  const { id, baseUrl, dialect, models } = settings
  const { now } = ports
  const cards = new Map(models.map((card) => [card.id, card]))
  const submitting = createWire({ ...settings, fetch: ports.submitFetch })
  const wire = createWire({ ...settings, fetch: ports.fetch })
  const openResult = createOpenResult({
    baseUrl,
    dialect,
    authorization: wire.authorization,
    fetch: ports.fetch,
    guardedFetch: ports.guardedFetch,
    maxBytes: settings.maxResultBytes,
    timeoutMs: resultTimeoutMs,
  })
  const modelName = (attempt: Attempt): string => attempt.model.slice(id.length + 1)
  const jobPath = (jobRef: Json): string => `/videos/${encodeURIComponent(idOf(jobRef))}`
  const reading = () => ({ dialect, now: now(), redact: wire.redact })

  async function post(attempt: Attempt, signal: AbortSignal): Promise<SubmitOutcome> {
    const fields = fieldsOf({ dialect, model: modelName(attempt), attempt })
    const body = await encode(fields, dialect.encoding)
    const headers = { 'Idempotency-Key': attempt.id }
    const seen = await submitting.call('post', '/videos', { signal, timeoutMs: submitTimeoutMs, headers, body })
    return meaningOfSubmit(seen, reading())
  }

  /** The vendor answers with the first job of the key, as long as it knows the key. */
  async function recoverByKey(attempt: Attempt, ttlSeconds: number, signal: AbortSignal): Promise<RecoverOutcome> {
    if (now() - attempt.submittedAt.getTime() > ttlSeconds * 1000) {
      return { kind: 'undetermined', reason: 'The provider no longer knows the idempotency key.' }
    }
    const outcome = await post(attempt, signal)
    if (outcome.kind === 'accepted') return { kind: 'found', jobRef: outcome.jobRef }
    return { kind: 'undetermined', reason: `Asked again with the same idempotency key: ${outcome.error.message}` }
  }

  return {
    id,
    models: () => models,

    async submit(attempt, { signal }) {
      const card = cards.get(attempt.model)
      if (!card) return refusedHere('model_retired', `The model "${attempt.model}" is no longer configured.`)
      if (card.sunsetAt !== undefined && new Date(now()).toISOString().slice(0, 10) >= card.sunsetAt) {
        return refusedHere('model_retired', `The model "${attempt.model}" ended on ${card.sunsetAt}.`)
      }
      return post(attempt, signal)
    },

    async recover(attempt, { signal }) {
      const recovery = cards.get(attempt.model)?.recovery ?? { kind: 'none' as const }
      if (recovery.kind === 'idempotency-key') return recoverByKey(attempt, recovery.ttlSeconds, signal)
      if (recovery.kind !== 'list') return { kind: 'undetermined', reason: 'The provider offers no way to find a job again.' }
      return recoverByList(attempt, {
        dialect,
        model: modelName(attempt),
        windowSeconds: recovery.windowSeconds,
        now: now(),
        list: (query) => wire.call('get', '/videos', { signal, timeoutMs: readTimeoutMs, query }),
      })
    },

    async poll(jobRef, attempt, { signal }) {
      const seen = await wire.call('get', jobPath(jobRef), { signal, timeoutMs: readTimeoutMs })
      return meaningOfPoll(seen, {
        ...reading(),
        pollEveryMs: settings.pollSeconds * 1000,
        submittedAt: attempt.submittedAt.getTime(),
        jobTtlSeconds: cards.get(attempt.model)?.jobTtlSeconds,
      })
    },

    open(_output, jobRef, _attempt, { signal }) {
      const describe = async () => {
        const seen = await wire.call('get', jobPath(jobRef), { signal, timeoutMs: readTimeoutMs })
        signal.throwIfAborted()
        if (seen.kind === 'failure') throw new Retryable(seen.error.message)
        if (seen.status === 404 || seen.status === 410)
          throw new Terminal('result_expired', 'The provider no longer knows the job.')
        if (seen.status !== 200) throw new Retryable(`The provider answered ${seen.status} when asked for the job.`)
        return seen.json
      }
      return openResult(idOf(jobRef), describe, signal)
    },

    /** Only a wake-up: the token in its address is ours, and a poll with our key follows before anything changes. */
    verifyCallback(raw, headers, at) {
      const { callbackKey } = settings
      if (callbackKey && !isSigned(callbackKey, { raw, headers, now: at })) return Promise.resolve({ kind: 'forged' })
      const json: unknown = parseJson(raw)
      const inner = isObject(json) ? (json['data'] ?? json['video'] ?? json) : undefined
      const job = readJob(inner, dialect)
      const kind = callbackKey ? ('verified' as const) : ('unsigned' as const)
      return Promise.resolve({ kind, ...(job && { jobRef: { id: job.id } }) })
    },
  }
}

function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(raw))
  } catch {
    return undefined
  }
}
