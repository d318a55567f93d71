/** What both backends share. Measured reasons: a killed worker's job is noticed in 10 s instead of 60. */
import type { Job } from 'bullmq'

export interface WakeUpJob {
  readonly id: string
}
export type Processor = (job: Job<WakeUpJob>) => Promise<void>

/** The part of BullMQ that we use, the same on both backends. */
export interface Bullmq {
  queue(name: string): JobQueue
  worker(name: string, processor: Processor, concurrency: number): JobWorker
  close(): Promise<void>
}
export interface JobQueue {
  addBulk(jobs: { name: string; data: WakeUpJob; opts: { jobId: string } }[]): Promise<unknown>
  getWaitingCount(): Promise<number>
  obliterate(options: { force: boolean }): Promise<void>
  close(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}
export interface JobWorker {
  pause(doNotWaitActive: boolean): Promise<void>
  close(force: boolean): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}
export type OnQueueError = (error: unknown, where: string) => void

export const jobSettings = {
  defaultJobOptions: {
    // Attempts and backoff live in the row.
    attempts: 1,
    // A retained job would silently swallow the next wake-up of the same start.
    removeOnComplete: true,
    removeOnFail: true,
  },
  streams: { events: { maxLen: 100 } },
} as const

export const consumerSettings = {
  lockDuration: 10_000,
  stalledInterval: 5_000,
  // Two kills would fail a job for good with the default of 1; the row counts its starts itself.
  maxStalledCount: 1_000_000,
} as const
