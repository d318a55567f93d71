/** The run-queue over BullMQ. Which backend stands behind it is chosen here and nowhere else. */
import { createCanary } from './bullmq-canary.ts'
import { createConsumer } from './bullmq-consumer.ts'
import { openPostgres } from './bullmq-postgres.ts'
import { openRedis } from './bullmq-redis.ts'
import type { Bullmq, JobQueue, OnQueueError } from './bullmq-settings.ts'
import { type RunQueue, type WakeUp, type WorkKind, workKinds } from './run-queue.ts'
import { hostname } from 'node:os'

export { UnsuitableRedis } from './bullmq-redis.ts'

export type RunQueueTarget =
  | { readonly kind: 'postgres'; readonly connectionString: string }
  | { readonly kind: 'redis'; readonly url: string }

export interface RunQueueOptions {
  /** A fault that BullMQ recovers from by itself, e.g. a lost connection. Called often while it lasts. */
  readonly onError: OnQueueError
  /** Tells this process from others at the same run-queue. */
  readonly instance?: string
}

/** Prepares the schema (Postgres) or checks the server (Redis). @throws UnsuitableRedis */
export async function createRunQueue(target: RunQueueTarget, options: RunQueueOptions): Promise<RunQueue> {
  const { onError, instance = `${hostname()}-${process.pid}` } = options
  const bullmq =
    target.kind === 'redis' ? await openRedis(target.url, onError) : await openPostgres(target.connectionString, onError)
  return overBullmq(bullmq, instance, onError)
}

function overBullmq(bullmq: Bullmq, instance: string, onError: OnQueueError): RunQueue {
  const queues = Object.fromEntries(workKinds.map((kind) => [kind, openQueue(bullmq, kind, onError)])) as Record<
    WorkKind,
    JobQueue
  >
  const canary = createCanary(bullmq, `canary-${instance.replaceAll(/[^\w.-]/g, '-')}`, onError)
  const closers: (() => Promise<void>)[] = []
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    // Consumers that nobody closed are cut off; their rows come back when the leases run out.
    await Promise.allSettled(closers.map((closeConsumer) => closeConsumer()))
    await Promise.allSettled([canary.close(), ...Object.values(queues).map((queue) => queue.close())])
    await bullmq.close()
  }

  return {
    async wake(kind, items) {
      if (items.length > 0) await queues[kind].addBulk(items.map((item) => jobOf(kind, item)))
    },
    waiting: (kind) => queues[kind].getWaitingCount(),
    consume(kind, { concurrency }, handler) {
      const consumer = createConsumer((processor) => {
        const worker = bullmq.worker(queueName(kind), processor, concurrency)
        worker.on('error', (error) => onError(error, kind))
        return worker
      }, handler)
      closers.push(() => consumer.close(0))
      return consumer
    },
    canary: (timeoutMs) => canary.run(timeoutMs),
    close: () => (closing ??= close()),
  }
}

const queueName = (kind: WorkKind): string => `work-${kind}`

function openQueue(bullmq: Bullmq, kind: WorkKind, onError: OnQueueError): JobQueue {
  const queue = bullmq.queue(queueName(kind))
  queue.on('error', (error) => onError(error, kind))
  return queue
}

/** The id lets a wake-up that waits already be added again without effect, and the next start's pass a dead worker's job. */
const jobOf = (kind: WorkKind, { id, starts }: WakeUp) => ({ name: kind, data: { id }, opts: { jobId: `${id}.${starts}` } })
