/** A provider in memory that does what a test orders: refuse, reset, forget, lose an answer. Its jobs are the bill. */
import type {
  Attempt,
  OpenedOutput,
  PollOutcome,
  ProviderError,
  RecoverOutcome,
  SubmitOutcome,
  VideoProvider,
} from '#src/contracts/clip-provider.ts'
import type { Json } from '#src/contracts/json.ts'
import type { ModelCard } from '#src/contracts/model-card.ts'

export const clipCost = 100_000

export const fakeCard = (id: string, more: Partial<ModelCard> = {}): ModelCard => ({
  id,
  durations: { min: 1, max: 30 },
  aspectRatios: ['9:16', '1:1', '16:9', '4:5'],
  resolutions: ['180p', '1080p'],
  audio: 'never',
  accepts: [],
  maxCostMicroUsd: () => clipCost,
  priceCheckedAt: '2026-11-01',
  priceMicroUsdPerSecond: { '1080p': clipCost },
  recovery: { kind: 'list', windowSeconds: 86_400 },
  chargedOnRefusal: 'no',
  resultTtlSeconds: 3600,
  maxInFlight: 1000,
  submitsPerMinute: 100_000,
  ...more,
})

export const fault = (code: ProviderError['code'], retryable = false, more: Partial<ProviderError> = {}): ProviderError => ({
  code,
  message: `The simulated ${code}.`,
  retryable,
  ...more,
})

interface Job {
  readonly attempt: Attempt
}

export function createFakeProvider(id: string, cards: readonly ModelCard[]) {
  const jobs = new Map<string, Job>()
  const submissions: Attempt[] = []
  const polls: string[] = []

  /** The vendor takes the job, whatever becomes of its answer. */
  function take(attempt: Attempt): string {
    const ref = `job-${jobs.size + 1}`
    jobs.set(ref, { attempt })
    return ref
  }

  const orders = {
    submit: async (attempt: Attempt): Promise<SubmitOutcome> => ({
      kind: 'accepted',
      jobRef: { id: take(attempt) },
      replayed: false,
      evidence: {},
    }),
    poll: async (_ref: string, _attempt: Attempt): Promise<PollOutcome> => ({
      kind: 'succeeded',
      outputs: [{ kind: 'video', handle: 'v' }],
    }),
    recover: async (attempt: Attempt): Promise<RecoverOutcome> => {
      const found = [...jobs].find(([, job]) => job.attempt.id === attempt.id)
      return found ? { kind: 'found', jobRef: { id: found[0] } } : { kind: 'absent' }
    },
    open: async (ref: string): Promise<OpenedOutput> => {
      const bytes = Buffer.from(`clip of ${jobs.get(ref)?.attempt.clip.prompt ?? ref}`)
      return { body: new Blob([bytes]).stream() as ReadableStream<Uint8Array>, mediaType: 'video/mp4', bytes: bytes.length }
    },
  }

  const refOf = (jobRef: Json) => String((jobRef as { id: string }).id)
  const provider: VideoProvider = {
    id,
    models: () => cards,
    submit: (attempt) => (submissions.push(attempt), orders.submit(attempt)),
    recover: (attempt) => orders.recover(attempt),
    poll: (jobRef, attempt) => (polls.push(refOf(jobRef)), orders.poll(refOf(jobRef), attempt)),
    open: (_output, jobRef) => orders.open(refOf(jobRef)),
  }
  return { provider, orders, take, jobs, submissions, polls }
}

export type FakeProvider = ReturnType<typeof createFakeProvider>
