/**
 * Turns due rows into wake-ups, once a second and when nudged, in whichever worker gets the lock. This is the whole
 * recovery story: a wake-up that got lost, with its worker or with the whole run-queue, is made again from its row.
 */
import { transaction, type Db } from '#src/database/client.ts'
import type { Tables } from '#src/database/tables.ts'
import { createDueGenerations, type ModelLimits } from './due-generations.ts'
import { dueDeliveries } from './due-deliveries.ts'
import { duePlans } from './due-plans.ts'
import { dueRenditions } from './due-renditions.ts'
import type { FindDue } from './due.ts'
import { type RunQueue, type WorkKind, workKinds } from './run-queue.ts'
import { sql, type Transaction } from 'kysely'

export type { ModelLimits } from './due-generations.ts'
export { nudge } from './nudges.ts'

/** Bookkeeping over rows, done by one process at a time; true: there is more to do. */
export type Sweep = (trx: Transaction<Tables>) => Promise<boolean | void>

export interface TopUpOptions {
  readonly db: Db
  readonly runQueue: Pick<RunQueue, 'wake' | 'waiting'>
  /** Model → limits, over all workers. */
  readonly modelLimits: () => ReadonlyMap<string, ModelLimits>
  /** Most wake-ups of a kind that wait at once. It is also the longest round that a workspace waits for its turn. */
  readonly window?: number
  readonly windows?: Partial<Record<WorkKind, number>>
  readonly intervalMs?: number
  readonly sweeps?: Readonly<Record<string, Sweep>>
  readonly onError: (error: unknown, unit: string) => void
}

export type TopUp = ReturnType<typeof createTopUp>

/** A rendition takes seconds of a core, so a thousand of them are a long round; the rest is done in milliseconds. */
const composeWindow = 128
/** With more to do than one window holds, the next look comes sooner than the next second. */
const hurriesPerInterval = 5

export function createTopUp(options: TopUpOptions) {
  const { db, runQueue, window = 1_000, intervalMs = 1_000, sweeps = {}, onError } = options
  const windows = { compose: Math.min(window, composeWindow), ...options.windows }
  const find: Record<WorkKind, FindDue> = {
    plan: duePlans,
    generate: createDueGenerations(options.modelLimits),
    compose: dueRenditions,
    deliver: dueDeliveries,
  }
  const units: ReadonlyMap<string, () => Promise<boolean>> = new Map([
    ...workKinds.map((kind) => [kind, () => topUp(kind)] as const),
    ...Object.entries(sweeps).map(([name, sweep]) => [`sweep ${name}`, () => runSweep(name, sweep)] as const),
  ])
  const wanted = new Set<string>()
  const hurried = new Set<string>()
  let timers: NodeJS.Timeout[] = []
  let running: Promise<void> | undefined
  let closed = false

  /** @returns whether there is more than fitted */
  async function topUp(kind: WorkKind): Promise<boolean> {
    const most = windows[kind] ?? window
    if ((await runQueue.waiting(kind)) >= most) return false
    const due = await underLock(db, kind, (trx) => find[kind](trx, most))
    if (!due || due.items.length === 0) return false
    await runQueue.wake(kind, due.items)
    return due.more
  }

  const runSweep = async (name: string, sweep: Sweep): Promise<boolean> => (await underLock(db, `sweep ${name}`, sweep)) === true

  async function runUnit(unit: string): Promise<void> {
    try {
      if (await units.get(unit)?.()) hurried.add(unit)
    } catch (error) {
      onError(error, unit)
    }
  }

  /** Units run one after the other: one connection is enough, and none starves the workers of theirs. */
  async function drain(): Promise<void> {
    for (let unit = takeFirst(wanted); unit !== undefined; unit = takeFirst(wanted)) await runUnit(unit)
    // At once after the last look at `wanted`, so that nothing added later is left lying.
    running = undefined
  }

  function want(names: Iterable<string>): void {
    if (closed) return
    for (const name of names) wanted.add(name)
    if (wanted.size > 0) running ??= drain()
  }

  function hurry(): void {
    const names = [...hurried]
    hurried.clear()
    if (names.length > 0) want(names)
  }

  return {
    start(): void {
      if (timers.length > 0 || closed) return
      timers = [setInterval(() => want(units.keys()), intervalMs), setInterval(hurry, intervalMs / hurriesPerInterval)]
      want(units.keys())
    },
    /** Looks at one kind soon. Many nudges in a row cost one look. */
    nudge: (kind: WorkKind): void => want([kind]),
    /** Looks at everything now and waits until that is done. */
    async tick(): Promise<void> {
      want(units.keys())
      await running
    },
    /** Idempotent; waits for the unit at work. */
    async close(): Promise<void> {
      closed = true
      wanted.clear()
      timers.forEach(clearInterval)
      await running
    },
  }
}

/**
 * Runs `work` in a transaction if no other process is at the same unit. One lock a unit: the failure of one stops no other.
 * A holder that is frozen (SIGSTOP, a lost host) loses its session after five seconds, and the lock with it.
 */
async function underLock<T>(db: Db, unit: string, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T | undefined> {
  return transaction(db, async (trx) => {
    const { rows } = await sql<{ locked: boolean }>`
      select set_config('idle_in_transaction_session_timeout', '5s', true), set_config('statement_timeout', '30s', true),
        pg_try_advisory_xact_lock(hashtext('spotsmith top-up'), hashtext(${unit})) as locked`.execute(trx)
    return rows[0]?.locked ? work(trx) : undefined
  })
}

function takeFirst(set: Set<string>): string | undefined {
  const { value } = set.values().next()
  if (value !== undefined) set.delete(value)
  return value
}
