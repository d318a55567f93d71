/** The compositor's processes: a few children, one queue with two lanes. Knows nothing of media. */
import type { ChildProcess } from 'node:child_process'
import { Retryable, Terminal } from '#src/errors.ts'
import { createPoolChild, type PoolChild } from './pool-child.ts'
import type { Job } from './protocol.ts'

/** `interactive` work is what somebody waits for: it goes first, and has a child that never takes anything else. */
export type Lane = 'interactive' | 'batch'

interface PoolOptions {
  /** Children for any work; one more is for interactive work alone. */
  readonly processes: number
  readonly start: () => ChildProcess
  /** A child is replaced after so many jobs, … */
  readonly maxJobs: number
  /** … or when it holds more bytes than this after one. */
  readonly maxRss: number
  readonly logger?: { warn(fields: object, message: string): void } | undefined
}

export interface RunRequest {
  readonly lane: Lane
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export interface Pool {
  /** @throws what the job threw; Retryable when the child died, was too slow or the pool closes; the signal's reason on abort */
  run(job: Job, request: RunRequest): Promise<unknown>
  close(): Promise<void>
}

interface Waiting extends RunRequest {
  readonly job: Job
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Slot {
  readonly lanes: readonly Lane[]
  child: PoolChild | undefined
  busy: boolean
}

const closing = (): Retryable => new Retryable('The compositor is closing.')

export function createPool({ processes, start, maxJobs, maxRss, logger }: PoolOptions): Pool {
  const general = Array.from({ length: processes }, (): Slot => ({
    lanes: ['interactive', 'batch'],
    child: undefined,
    busy: false,
  }))
  const slots: readonly Slot[] = [...general, { lanes: ['interactive'], child: undefined, busy: false }]
  const queues: Readonly<Record<Lane, Waiting[]>> = { interactive: [], batch: [] }
  let closed = false

  const isWorn = (child: PoolChild): boolean => !child.alive || child.jobs >= maxJobs || child.rss > maxRss

  async function retire(slot: Slot): Promise<void> {
    const child = slot.child
    slot.child = undefined
    await child?.kill()
  }

  /** A verdict on the input leaves a sound process. After anything else native code may be in any state. */
  const afterFault = async (slot: Slot, error: unknown): Promise<void> => {
    if (!(error instanceof Terminal) || !slot.child || isWorn(slot.child)) await retire(slot)
  }

  async function perform(slot: Slot, { job, resolve, reject, ...request }: Waiting): Promise<void> {
    slot.child ??= createPoolChild(start)
    try {
      resolve(await slot.child.run(job, request))
      if (isWorn(slot.child)) await retire(slot)
    } catch (error) {
      await afterFault(slot, error)
      if (!(error instanceof Terminal) && !request.signal?.aborted)
        logger?.warn({ job: job.kind, err: error }, 'compositor.job_failed')
      reject(error)
    }
  }

  const isFree = (slot: Slot, lane: Lane): boolean => !slot.busy && slot.lanes.includes(lane)
  /** A running child before a new one. */
  const freeSlot = (lane: Lane): Slot | undefined =>
    slots.find((slot) => isFree(slot, lane) && slot.child?.alive) ?? slots.find((slot) => isFree(slot, lane))

  function assign(slot: Slot, waiting: Waiting): void {
    slot.busy = true
    void perform(slot, waiting).finally(() => {
      slot.busy = false
      dispatch()
    })
  }

  function dispatch(): void {
    if (closed) return
    for (const lane of ['interactive', 'batch'] as const) {
      while (queues[lane].length > 0) {
        const slot = freeSlot(lane)
        if (!slot) break
        assign(slot, queues[lane].shift()!)
      }
    }
  }

  /** An aborted job leaves the queue at once; a running one is handled by its child. */
  function leaveOnAbort(waiting: Waiting): void {
    waiting.signal?.addEventListener(
      'abort',
      () => {
        const queue = queues[waiting.lane]
        const index = queue.indexOf(waiting)
        if (index < 0) return
        queue.splice(index, 1)
        waiting.reject(waiting.signal?.reason)
      },
      { once: true },
    )
  }

  const run = (job: Job, request: RunRequest): Promise<unknown> => {
    if (closed) return Promise.reject(closing())
    if (request.signal?.aborted) return Promise.reject(request.signal.reason as Error)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const waiting: Waiting = { job, ...request, resolve, reject }
    leaveOnAbort(waiting)
    queues[request.lane].push(waiting)
    dispatch()
    return promise
  }

  const close = async (): Promise<void> => {
    closed = true
    for (const queue of Object.values(queues)) for (const { reject } of queue.splice(0)) reject(closing())
    await Promise.all(slots.map(async (slot) => slot.child?.kill()))
  }

  return { run, close }
}
