/**
 * A job that really runs, end to end. `isRunning()` of a BullMQ worker stayed true through several silent stalls, so
 * only a job that was added, fetched and processed proves that the run-queue works.
 */
import type { Bullmq, JobQueue, JobWorker, OnQueueError } from './bullmq-settings.ts'
import { randomUUID } from 'node:crypto'

/**
 * @param name of the canary's own queue, one a process: another process must not answer for this one
 */
export function createCanary(bullmq: Bullmq, name: string, onError: OnQueueError) {
  const waiting = new Map<string, () => void>()
  let open: { queue: JobQueue; worker: JobWorker } | undefined

  function start(): { queue: JobQueue; worker: JobWorker } {
    const queue = bullmq.queue(name)
    const worker = bullmq.worker(name, async ({ data }) => waiting.get(data.id)?.(), 4)
    queue.on('error', (error) => onError(error, name))
    worker.on('error', (error) => onError(error, name))
    return { queue, worker }
  }

  return {
    /** @throws when no job ran within `timeoutMs` */
    async run(timeoutMs: number): Promise<void> {
      open ??= start()
      const id = `canary-${randomUUID()}`
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => reject(new Error(`No job ran on the run-queue within ${timeoutMs} ms.`)), timeoutMs)
      waiting.set(id, resolve)
      try {
        await Promise.all([promise, open.queue.addBulk([{ name: 'canary', data: { id }, opts: { jobId: id } }]).catch(reject)])
      } finally {
        clearTimeout(timer)
        waiting.delete(id)
      }
    },
    async close(): Promise<void> {
      if (!open) return
      await open.worker.close(true)
      await open.queue.obliterate({ force: true }).catch((error: unknown) => onError(error, name))
      await open.queue.close()
    },
  }
}
