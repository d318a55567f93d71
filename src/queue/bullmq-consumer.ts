/** A consumer whose close has a deadline: BullMQ's own close waits for running handlers without limit. */
import type { JobWorker, Processor } from './bullmq-settings.ts'
import type { Consumer, WakeUpHandler } from './run-queue.ts'

/** How long an aborted handler may take to notice. */
const graceMs = 1_000

/** @param open makes the worker around the processor */
export function createConsumer(open: (processor: Processor) => JobWorker, handler: WakeUpHandler): Consumer {
  const running = new Set<Promise<void>>()
  const stop = new AbortController()
  let closing: Promise<void> | undefined

  const worker = open(async ({ data }) => {
    // A wake-up fetched in the moment of closing is dropped: its row wakes another worker.
    if (closing) return
    const work = handler(data.id, { signal: stop.signal })
    running.add(work)
    try {
      await work
    } finally {
      running.delete(work)
    }
  })

  async function close(deadlineMs: number): Promise<void> {
    await worker.pause(true)
    if (!(await settledWithin(running, deadlineMs))) {
      stop.abort(new Error('The process stops.'))
      await settledWithin(running, graceMs)
    }
    // Forced when handlers ignored the signal: a later forced close would only return the promise of a first, patient one.
    await worker.close(running.size > 0)
  }

  return { close: (deadlineMs) => (closing ??= close(deadlineMs)) }
}

/** False: some were still running when the time was over. */
async function settledWithin(work: ReadonlySet<Promise<void>>, ms: number): Promise<boolean> {
  if (work.size === 0) return true
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, ms, false)
  try {
    return await Promise.race([Promise.allSettled(work).then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
