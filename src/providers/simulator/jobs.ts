/** The simulated vendor's memory: jobs, what was submitted, and the bill. */
import type { Orders } from './orders.ts'

export interface Submission {
  /** Our attempt's id, which the service sends as Idempotency-Key. */
  readonly key: string | null
  readonly dialect: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly at: number
  /** The job that was made of it. */
  jobId: string | null
  answered: string
}

export interface Wanted {
  readonly model: string
  readonly prompt: string
  readonly seconds: number
  readonly width: number
  readonly height: number
  readonly audio: boolean
  readonly resolution: string
}

export interface Job {
  readonly id: string
  readonly submission: Submission
  readonly wanted: Wanted
  readonly acceptedAt: number
  readonly endsAt: number
  readonly listedFrom: number
  readonly priceMicroUsd: number
  readonly fate:
    | { readonly kind: 'video' }
    | { readonly kind: 'fail' | 'block'; readonly code: string; readonly message: string; readonly billed: boolean }
}

interface Dependencies {
  readonly now: () => number
  readonly newId: () => string
  readonly orders: Orders
  readonly priceMicroUsd: (wanted: Wanted) => number
  readonly jobMs: () => number
}

export interface BillLine {
  readonly job_id: string | null
  readonly key: string | null
  readonly model: string
  readonly micro_usd: number
  readonly reason: 'video' | 'failed' | 'refused'
}

export function createJobs({ now, newId, orders, priceMicroUsd, jobMs }: Dependencies) {
  const jobs = new Map<string, Job>()
  const forgotten: Job[] = []
  const submissions: Submission[] = []
  const refusals: BillLine[] = []

  function fateOf(wanted: Wanted): Job['fate'] {
    const order = orders.take(['fail', 'block'], wanted)
    if (!order) return { kind: 'video' }
    if (order.fault === 'fail') return { kind: 'fail', code: order.code, message: order.message, billed: order.billed }
    return { kind: 'block', code: 'moderation_blocked', message: 'The output was blocked.', billed: order.billed }
  }

  function accept(submission: Submission, wanted: Wanted): Job {
    const time = now()
    const job: Job = {
      id: newId(),
      submission,
      wanted,
      acceptedAt: time,
      endsAt: time + jobMs(),
      listedFrom: time + (orders.take(['list_late'], wanted)?.ms ?? 0),
      priceMicroUsd: priceMicroUsd(wanted),
      fate: fateOf(wanted),
    }
    submission.jobId = job.id
    jobs.set(job.id, job)
    return job
  }

  /** A job is paid for as soon as it is accepted, and money comes back for a failure that is not billed. */
  const lineOf = (job: Job): BillLine => ({
    job_id: job.id,
    key: job.submission.key,
    model: job.wanted.model,
    micro_usd: costOf(job),
    reason: job.fate.kind === 'video' ? 'video' : 'failed',
  })

  return {
    accept,
    submissions,
    get: (id: string): Job | undefined => jobs.get(id),
    byKey: (key: string): Job | undefined => [...jobs.values()].find(({ submission }) => submission.key === key),
    all: (): readonly Job[] => [...jobs.values(), ...forgotten],
    /** Newest first. */
    listed: (): readonly Job[] => [...jobs.values()].filter(({ listedFrom }) => listedFrom <= now()).toReversed(),
    /** The vendor no longer knows it, and bills it all the same. */
    forget(id: string): void {
      const job = jobs.get(id)
      if (job && jobs.delete(id)) forgotten.push(job)
    },
    billRefusal: (wanted: Wanted, key: string | null): void =>
      void refusals.push({ job_id: null, key, model: wanted.model, micro_usd: priceMicroUsd(wanted), reason: 'refused' }),
    bill() {
      const lines = [...[...jobs.values(), ...forgotten].map(lineOf), ...refusals]
      return { total_micro_usd: lines.reduce((sum, line) => sum + line.micro_usd, 0), lines }
    },
  }
}

export type Jobs = ReturnType<typeof createJobs>

export const costOf = (job: Job): number => (job.fate.kind === 'video' || job.fate.billed ? job.priceMicroUsd : 0)
