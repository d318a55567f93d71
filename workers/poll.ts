/** One poll of a running generation; claimed in batches by queue/poller.ts. */
import type { VideoProvider } from '#src/contracts/clip-provider.ts'
import type { GenerationRow } from '#src/database/generations.ts'
import type { Generations } from '#src/domain/generation/service.ts'
import { attemptForProvider } from '#src/domain/generation/service-submit.ts'
import type { Lease } from '#src/queue/lease.ts'

export interface PollDependencies {
  readonly generations: Pick<Generations, 'results'>
  readonly registry: { providerOf(model: string): VideoProvider | undefined }
}

/** One request; a provider that does not answer within it is asked again later. */
const pollTimeoutMs = 30_000

export function createPoll({ generations: { results }, registry }: PollDependencies) {
  return async (row: GenerationRow, lease: Lease, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    const attempt = await results.attemptOf(row)
    const provider = registry.providerOf(row.model)
    // The job is paid for: it waits until its provider is configured again.
    if (!provider) throw new Error(`The provider of ${row.model} is not configured; its running jobs cannot be polled.`)
    // Cleared with the answer: AbortSignal.timeout would keep each of thousands of polls in memory until its time is over.
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error('The provider did not answer in time.')), pollTimeoutMs)
    const outcome = await provider
      .poll(row.job_ref, attemptForProvider(attempt), { signal: AbortSignal.any([signal, late.signal]) })
      .finally(() => clearTimeout(timer))
    await results.recordPoll(row, lease, attempt, outcome)
  }
}
