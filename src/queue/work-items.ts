/**
 * Work items: claim a row, keep it while it is worked on, give it back, and write only as long as it is ours.
 * All times are the database's, so clocks of workers do not matter. The story is in README.md.
 */
import type { Db } from '#src/database/client.ts'
import type { Tables } from '#src/database/tables.ts'
import { nextOfEndpoint } from './due-deliveries.ts'
import { claimGate } from './eligibility.ts'
import { workSources } from './jobs.ts'
import { createLeaseKeeper } from './lease-keeper.ts'
import { type Lease, LeaseLost } from './lease.ts'
import type { WorkKind } from './run-queue.ts'
import { type RawBuilder, type Selectable, sql, type Transaction, type UpdateQueryBuilder, type UpdateResult } from 'kysely'

type WorkTable = (typeof workSources)[WorkKind]['table']
export type WorkRow<K extends WorkKind> = Selectable<Tables[(typeof workSources)[K]['table']]> & AnyWorkRow

/** What every work item has; TypeScript cannot see it through `K`. */
interface AnyWorkRow {
  readonly id: string
  readonly workspace_id: string
  readonly starts: number
  readonly last_error: string | null
}

export interface Claim<Row> {
  readonly row: Row
  readonly lease: Lease
}

export interface Release {
  /** When the row may be claimed again, in milliseconds from now; absent: its `due_at` stays as it is. */
  readonly afterMs?: number
  /** Kept in `last_error`, for people. No secrets, no personal values. */
  readonly error?: string
  /** The start does not count, because it was us who stopped it. */
  readonly uncounted?: boolean
}

export interface WorkItemsOptions {
  readonly db: Db
  /** A value never seen before, e.g. a UUID. */
  readonly newToken: () => string
  readonly leaseMs?: number
  readonly renewMs?: number
  /** Milliseconds of a clock that never jumps; only differences are used. */
  readonly monotonic?: () => number
  /** Leases could not be renewed; the work goes on until they run out. */
  readonly onRenewFailed?: (error: unknown) => void
}

export type WorkItems = ReturnType<typeof createWorkItems>

export function createWorkItems(options: WorkItemsOptions) {
  const { db, newToken, leaseMs = 8_000, renewMs = 2_000, monotonic = () => performance.now() } = options
  const onRenewFailed = options.onRenewFailed ?? (() => {})
  const leaseUntil = sql`now() + ${leaseMs} * interval '1 millisecond'`
  const keeper = createLeaseKeeper({
    renew: (kind, held) => renew(db, kind, held, leaseUntil),
    leaseMs,
    renewMs,
    monotonic,
    onRenewFailed,
  })

  /**
   * @returns undefined when someone else has the row, it is done, not due, or may not run now: the wake-up was stale, which
   *   is no fault
   */
  const claim = <K extends WorkKind>(kind: K, id: string): Promise<Claim<WorkRow<K>> | undefined> =>
    claimOne(kind, sql`select ${id}`)

  /** @param which a query for the id of the row */
  async function claimOne<K extends WorkKind>(kind: K, which: RawBuilder<unknown>): Promise<Claim<WorkRow<K>> | undefined> {
    const token = newToken()
    const askedAt = monotonic()
    const { table, claimable } = workSources[kind]
    const { rows } = await sql<WorkRow<K>>`
      update ${sql.table(table)} set lease_token = ${token}, lease_until = ${leaseUntil}, starts = starts + 1
      where id = (
        select w.id from ${sql.table(table)} w
        where w.id = (${which}) and w.status = any(${claimable}) and w.due_at <= now()
          and (w.lease_token is null or w.lease_until <= now()) and ${claimGate[kind]}
        for update skip locked)
      returning *`.execute(db)
    const row = rows[0]
    return row && { row, lease: keeper.hold(kind, row.id, token, askedAt) }
  }

  /** The next due delivery of an endpoint that has just taken one; undefined: none, or not now. */
  const claimNextDelivery = (endpointId: string): Promise<Claim<WorkRow<'deliver'>> | undefined> =>
    claimOne('deliver', nextOfEndpoint(endpointId))

  /**
   * Claims running generations that are due for a poll. Their `due_at` moves on by `nextMs` at once: whatever becomes of
   * this poll, the next one is not lost. A poll is no start.
   */
  async function claimRunning(limit: number, nextMs: number): Promise<Claim<WorkRow<'generate'>>[]> {
    const token = newToken()
    const askedAt = monotonic()
    const { rows } = await sql<WorkRow<'generate'>>`
      update generations set lease_token = ${token}, lease_until = ${leaseUntil},
        due_at = now() + ${nextMs} * interval '1 millisecond'
      where id in (
        select id from generations where status = 'running' and due_at <= now() and (lease_until is null or lease_until <= now())
        order by due_at limit ${limit} for update skip locked)
      returning *`.execute(db)
    return rows.map((row) => ({ row, lease: keeper.hold('generate', row.id, token, askedAt) }))
  }

  /** Ends the lease and keeps the status. False: the row was no longer ours, and nothing was written. */
  async function release(lease: Lease, { afterMs, error, uncounted }: Release = {}): Promise<boolean> {
    keeper.drop(lease)
    const result = await sql`
      update ${sql.table(workSources[lease.kind].table)} set lease_token = null, lease_until = null,
        due_at = case when ${afterMs ?? null}::float8 is null then due_at else now() + ${afterMs ?? 0} * interval '1 millisecond' end,
        last_error = coalesce(${error ?? null}, last_error),
        starts = greatest(starts - ${uncounted ? 1 : 0}::int, 0)
      where id = ${lease.id} and lease_token = ${lease.token}`.execute(db)
    return result.numAffectedRows === 1n
  }

  /**
   * Gives back whatever is still held, due at once, and stops renewing. For the end of the process. Idempotent. The start
   * stays counted: the wake-up of a handler that ignored its signal is still in the run-queue under the old count.
   */
  async function close(): Promise<void> {
    await Promise.allSettled(keeper.close().map((lease) => release(lease, { afterMs: 0 })))
  }

  /** Ends the lease without a word to the database: the row's own write has taken it away. */
  const forget = (lease: Lease): void => keeper.drop(lease)

  return { claim, claimNextDelivery, claimRunning, release, forget, held: keeper.count, close }
}

/**
 * Which of `held` are still ours. Rows that are locked just now (mostly by the worker's own transaction) are not waited
 * for: one long transaction would make every other lease of the process run out.
 */
async function renew(db: Db, kind: WorkKind, held: readonly Lease[], leaseUntil: ReturnType<typeof sql>): Promise<string[]> {
  const table = sql.table(workSources[kind].table)
  const mine = sql`unnest(${held.map((l) => l.id)}::text[], ${held.map((l) => l.token)}::text[]) as mine (id, token)`
  const renewed = await sql<{ id: string }>`
    update ${table} set lease_until = ${leaseUntil} where id in (
      select w.id from ${table} w join ${mine} on w.id = mine.id and w.lease_token = mine.token for update of w skip locked)
    returning id`.execute(db)
  if (renewed.rows.length === held.length) return renewed.rows.map((row) => row.id)
  const owned = await sql<{ id: string }>`
    select w.id from ${table} w join ${mine} on w.id = mine.id and w.lease_token = mine.token`.execute(db)
  return owned.rows.map((row) => row.id)
}

/** What a write sets when the row is done, or goes on to its next state: the lease ends and starts count from zero. */
export const settled = { lease_token: null, lease_until: null, starts: 0, last_error: null } as const

/**
 * Runs an update of the leased row, only if the lease still holds and the row is in an expected status.
 * @throws LeaseLost when nothing was written
 */
export async function fenced<T extends WorkTable>(
  query: UpdateQueryBuilder<Tables, T, T, UpdateResult>,
  lease: Lease,
  expected: string | readonly string[],
): Promise<void> {
  // The columns are the same in every work table; Kysely cannot see that through a type parameter.
  const rows = query as unknown as UpdateQueryBuilder<Tables, 'generations', 'generations', UpdateResult>
  const result = await rows
    .where('id', '=', lease.id)
    .where('lease_token', '=', lease.token)
    .where('status', 'in', [expected].flat())
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) throw new LeaseLost(lease.kind, lease.id)
}

/**
 * Locks the leased row until the transaction ends, so that everything the transaction writes is fenced.
 * @throws LeaseLost when the lease no longer holds or the row is in another status
 */
export async function holdLease(trx: Transaction<Tables>, lease: Lease, expected: string | readonly string[]): Promise<void> {
  const { rows } = await sql`
    select from ${sql.table(workSources[lease.kind].table)}
    where id = ${lease.id} and lease_token = ${lease.token} and status = any(${[expected].flat()}) for update`.execute(trx)
  if (rows.length === 0) throw new LeaseLost(lease.kind, lease.id)
}
