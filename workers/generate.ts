/**
 * Generations that wait for a worker: a submission, the search for a lost answer, or the fetch of a finished clip.
 * What every answer means is decided in domain/generation; here is only what touches the outside.
 */
import type { Attempt, RecoverOutcome, SubmitOutcome, VideoProvider } from '#src/contracts/clip-provider.ts'
import type { AttemptRow } from '#src/database/attempts.ts'
import type { GenerationRow } from '#src/database/generations.ts'
import { staleSubmitMs, submitTimeoutSeconds } from '#src/domain/generation/rules.ts'
import type { Generations } from '#src/domain/generation/service.ts'
import { attemptForProvider } from '#src/domain/generation/service-submit.ts'
import { Terminal } from '#src/errors.ts'
import { type Lease, LeaseLost } from '#src/queue/lease.ts'
import { setTimeout as delay } from 'node:timers/promises'
import type { FetchClip } from './fetch-clip.ts'
import type { LogFields, WorkHandler } from './worker.ts'

export interface GenerateDependencies {
  readonly generations: Pick<Generations, 'submit' | 'recover' | 'results'>
  readonly registry: { providerOf(model: string): VideoProvider | undefined }
  readonly fetchClip: FetchClip
  /** Milliseconds of a clock that never jumps and goes on while the process is stopped. */
  readonly monotonic: () => number
}

/** Half a minute in all: longer than a database takes to restart. */
const recordAgainAfterMs = [200, 500, 1000, 2000, 4000, 8000, 16_000] as const

/**
 * An answer that cannot be written down is as good as lost, and a lost answer may leave a paid clip uncertain. The row's token
 * fences it all the while: once somebody else has begun to look for the answer, LeaseLost ends it.
 */
async function keepTrying(record: () => Promise<void>): Promise<void> {
  for (const waitMs of recordAgainAfterMs) {
    try {
      return await record()
    } catch (error) {
      if (error instanceof LeaseLost) throw error
      await delay(waitMs)
    }
  }
  return await record()
}

const tooLate = { code: 'timeout', message: 'The worker was stopped before it could send.', retryable: true } as const

export function createGenerateHandler(deps: GenerateDependencies): WorkHandler<GenerationRow> {
  const { generations, registry, fetchClip, monotonic } = deps
  const { submit, recover, results } = generations

  function providerOf(row: GenerationRow): VideoProvider {
    const provider = registry.providerOf(row.model)
    if (!provider) throw new Terminal('model_retired', `The provider of ${row.model} is not configured.`)
    return provider
  }

  /**
   * Exactly one request, and only while it is certain that nobody else has begun to look for its answer: a process that
   * was stopped for a while sends nothing, and writes that down if the row is still its own.
   */
  async function send(attempt: AttemptRow, row: GenerationRow, lease: Lease, begunAt: number): Promise<SubmitOutcome> {
    const provider = providerOf(row)
    if (lease.signal.aborted || monotonic() - begunAt > staleSubmitMs) return { kind: 'not-sent', error: tooLate }
    // Not the lease's signal: a request that is under way is never broken off, for that would lose its answer.
    const signal = AbortSignal.timeout(submitTimeoutSeconds * 1000)
    return await provider.submit(attemptForProvider(attempt), { signal })
  }

  async function submitOne(row: GenerationRow, lease: Lease): Promise<LogFields> {
    const askedAt = monotonic()
    const begun = await submit.begin(row, lease)
    if (begun.kind !== 'send') return { outcome: begun.kind, model: row.model }
    const { attempt } = begun
    const outcome = await send(attempt, row, lease, askedAt)
    const fields = { attempt_id: attempt.id, model: row.model, reserved_micro_usd: attempt.reserved_micro_usd }
    await keepTrying(() => submit.record(row, lease, attempt, outcome))
    return { ...fields, outcome: outcome.kind, ...('error' in outcome && { code: outcome.error.code }) }
  }

  async function find(row: GenerationRow, attempt: Attempt, signal: AbortSignal): Promise<RecoverOutcome> {
    const provider = registry.providerOf(row.model)
    if (!provider) return { kind: 'undetermined', reason: `The provider of ${row.model} is not configured.` }
    return await provider.recover(attempt, { signal })
  }

  /** A submission whose answer is missing: the process died, or the answer was none. */
  async function recoverOne(row: GenerationRow, lease: Lease, signal: AbortSignal): Promise<LogFields> {
    const { attempt, forProvider } = await recover.openAttempt(row)
    const outcome = await find(row, forProvider, signal)
    await recover.record(row, lease, attempt, outcome)
    return { outcome: `recover_${outcome.kind}`, attempt_id: attempt.id, model: row.model }
  }

  async function fetch(row: GenerationRow, lease: Lease, signal: AbortSignal): Promise<LogFields> {
    const attempt = await results.attemptOf(row)
    const output = results.outputOf(row)
    if (!output) throw new Terminal('bad_clip', 'The provider says that the job succeeded, and names no output.')
    const fetched = await fetchClip({ row, attempt, output, provider: providerOf(row) }, signal)
    if (fetched.kind === 'expired') await results.recordExpired(row, lease)
    else if (fetched.kind === 'bad_clip') await results.recordBadClip(row, lease, fetched.message)
    else await results.recordClip(row, lease, fetched.clip)
    const fields = { outcome: fetched.kind, attempt_id: attempt.id, model: row.model, cost_micro_usd: row.cost_micro_usd }
    return fetched.kind === 'fetched' ? { ...fields, bytes: fetched.clip.bytes } : fields
  }

  return {
    kind: 'generate',
    handle(row, lease, { signal }) {
      if (row.status === 'planned') return submitOne(row, lease)
      return row.status === 'submitting' ? recoverOne(row, lease, signal) : fetch(row, lease, signal)
    },
    giveUp: (row, error, lease) => results.giveUp(row, lease, error),
  }
}
