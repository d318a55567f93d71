/** Everything that works in the background of one process: a consumer a kind, the top-up, the poller. */
import { runWorker, type WorkerOptions, type WorkHandler } from './worker.ts'
import type { NudgeListener } from '#src/queue/nudges.ts'
import type { Poller } from '#src/queue/poller.ts'
import { type Consumer, type WorkKind, workKinds } from '#src/queue/run-queue.ts'
import type { TopUp } from '#src/queue/top-up.ts'
import type { WorkItems, WorkRow } from '#src/queue/work-items.ts'

export type Handlers = { readonly [K in WorkKind]: WorkHandler<WorkRow<K>> }

export interface WorkersOptions extends Pick<WorkerOptions<WorkKind>, 'runQueue' | 'log' | 'random' | 'maxStarts'> {
  readonly workItems: WorkItems
  readonly handlers: Handlers
  readonly concurrency: Readonly<Record<WorkKind, number>>
  readonly topUp: Pick<TopUp, 'start' | 'close'>
  readonly poller: Pick<Poller, 'start' | 'close'>
  /** Without it work waits up to a second for the top-up. */
  readonly nudges?: NudgeListener
}

export interface Workers {
  /**
   * Stops claiming, waits until `deadlineMs` for what runs, then aborts it; whatever is still held after that is released
   * and due at once elsewhere. Idempotent.
   */
  close(deadlineMs: number): Promise<void>
}

export function startWorkers(options: WorkersOptions): Workers {
  const { topUp, poller, nudges, workItems } = options
  const consumers = workKinds.map((kind) => consume(kind, options))
  topUp.start()
  poller.start()
  void nudges?.start()
  let closing: Promise<void> | undefined

  async function close(deadlineMs: number): Promise<void> {
    await Promise.allSettled([
      topUp.close(),
      poller.close(deadlineMs),
      ...consumers.map((consumer) => consumer.close(deadlineMs)),
    ])
    await workItems.close()
  }
  return { close: (deadlineMs) => (closing ??= close(deadlineMs)) }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it ties the handler to its kind's rows
const consume = <K extends WorkKind>(kind: K, options: WorkersOptions): Consumer =>
  runWorker<K>({
    kind,
    handler: options.handlers[kind],
    concurrency: options.concurrency[kind],
    runQueue: options.runQueue,
    workItems: options.workItems,
    log: options.log,
    random: options.random,
    ...(options.maxStarts !== undefined && { maxStarts: options.maxStarts }),
  })
