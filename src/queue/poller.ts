/**
 * Asks the providers about running generations. A poll is no job: it is claimed in batches, and a clip in flight holds a
 * row and no slot.
 */
import type { Lease } from './lease.ts'
import type { Claim, WorkItems, WorkRow } from './work-items.ts'

type RunningGeneration = WorkRow<'generate'>

export interface PollerOptions {
  readonly workItems: Pick<WorkItems, 'claimRunning' | 'release'>
  /**
   * Asks once and writes what came of it, fenced by the lease. A poll that changes nothing need not write: the next one is
   * due after `nextMs` anyway.
   */
  readonly poll: (row: RunningGeneration, lease: Lease, options: { readonly signal: AbortSignal }) => Promise<void>
  readonly intervalMs?: number
  /** Most polls at once in this process. */
  readonly batch?: number
  /** When a row is polled again unless the poll itself says otherwise. */
  readonly nextMs?: number
  /** `id` is absent when the claim failed. */
  readonly onError: (error: unknown, id?: string) => void
}

export type Poller = ReturnType<typeof createPoller>

export function createPoller({ workItems, poll, onError, intervalMs = 1_000, batch = 200, nextMs = 10_000 }: PollerOptions) {
  const polling = new Set<Promise<void>>()
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let claiming: Promise<void> | undefined
  let closing: Promise<void> | undefined
  /** The last claim took all that there was room for: there may be more. */
  let more = false

  async function claimBatch(): Promise<void> {
    const room = batch - polling.size
    if (room <= 0 || closing) return
    try {
      const claims = await workItems.claimRunning(room, nextMs)
      more = claims.length === room
      for (const claim of claims) track(pollOne(claim))
    } catch (error) {
      onError(error)
    }
  }

  function track(work: Promise<void>): void {
    polling.add(work)
    void work.finally(() => {
      polling.delete(work)
      // Half a batch at a time: neither a claim for each row, nor a pause until the next second with thousands due.
      if (more && timer && polling.size <= batch / 2) void tick()
    })
  }

  async function pollOne({ row, lease }: Claim<RunningGeneration>): Promise<void> {
    const error = await attempt(() => poll(row, lease, { signal: AbortSignal.any([lease.signal, stop.signal]) }))
    if (error !== undefined && !stop.signal.aborted) onError(error, row.id)
    const released = await attempt(() => workItems.release(lease, error === undefined ? {} : { error: messageOf(error) }))
    if (released !== undefined) onError(released, row.id)
  }

  const tick = (): Promise<void> => (claiming ??= claimBatch().finally(() => (claiming = undefined)))

  async function close(deadlineMs: number): Promise<void> {
    clearInterval(timer)
    await claiming
    const late = setTimeout(() => stop.abort(new Error('The process stops.')), deadlineMs)
    await Promise.race([Promise.all(polling), aborted(stop.signal)])
    clearTimeout(late)
  }

  return {
    start(): void {
      timer ??= setInterval(() => void tick(), intervalMs)
    },
    /** Claims now, and waits until every poll at work is done. */
    async settle(): Promise<void> {
      await tick()
      await Promise.all(polling)
    },
    /** Claims no more, waits for the polls at work, and aborts them at the deadline. Idempotent. */
    close: (deadlineMs: number): Promise<void> => (closing ??= close(deadlineMs)),
  }
}

/** What `work` threw, undefined when it succeeded. */
async function attempt(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error ?? new Error('Something undefined was thrown.')
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
