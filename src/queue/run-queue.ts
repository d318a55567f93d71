/**
 * The port to the run-queue: it carries wake-ups and nothing else. A wake-up names one work item; losing half of them
 * and doubling the rest changes nothing, because the rows are the truth (queue/README.md).
 * Which BullMQ backend stands behind it is chosen in one place, createRunQueue (bullmq.ts).
 */
export const workKinds = ['plan', 'generate', 'compose', 'deliver'] as const
export type WorkKind = (typeof workKinds)[number]

export interface WakeUp {
  /** The row's id. */
  readonly id: string
  /** How often the row had been started when the wake-up was made; keeps two wake-ups of one start from piling up. */
  readonly starts: number
}

export interface ConsumerOptions {
  /** How many handlers run at once in this process. */
  readonly concurrency: number
}

export type WakeUpHandler = (id: string, options: { readonly signal: AbortSignal }) => Promise<void>

export interface Consumer {
  /** Stops taking wake-ups, waits until `deadlineMs` for running handlers, then aborts them. Idempotent. */
  close(deadlineMs: number): Promise<void>
}

export interface RunQueue {
  /** Adds wake-ups; one that is already waiting is not added twice. */
  wake(kind: WorkKind, items: readonly WakeUp[]): Promise<void>
  /** How many wake-ups of a kind wait (not counting running ones). */
  waiting(kind: WorkKind): Promise<number>
  consume(kind: WorkKind, options: ConsumerOptions, handler: WakeUpHandler): Consumer
  /** A job that really runs, end to end; rejects when none ran within `timeoutMs`. For /readyz. */
  canary(timeoutMs: number): Promise<void>
  close(): Promise<void>
}
