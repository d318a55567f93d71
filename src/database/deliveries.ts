/** Rows of deliveries and the log of their attempts. */
import { type Insertable, type Selectable, sql } from 'kysely'
import type { Db } from './client.ts'
import type { EndpointRow } from './endpoints.ts'
import type { Tables } from './tables.ts'

export type DeliveryRow = Selectable<Tables['deliveries']>
export type AttemptLogRow = Selectable<Tables['delivery_attempts']>

/** Everything that an attempt needs beside the delivery itself. */
export interface DeliveryTarget extends Pick<
  EndpointRow,
  'url' | 'secret_encrypted' | 'previous_secret_encrypted' | 'previous_secret_until'
> {
  readonly body: string
}

export const findDeliveryTarget = (db: Db, id: string): Promise<DeliveryTarget> =>
  db
    .selectFrom('deliveries as d')
    .innerJoin('webhook_endpoints as e', 'e.id', 'd.endpoint_id')
    .innerJoin('events as v', 'v.id', 'd.event_id')
    .select(['e.url', 'e.secret_encrypted', 'e.previous_secret_encrypted', 'e.previous_secret_until', 'v.body'])
    .where('d.id', '=', id)
    .executeTakeFirstOrThrow()

/**
 * A success, its log entry and the forgiving of earlier failures in one statement: the commonest outcome by far.
 * @returns false when the lease no longer held, and nothing was written
 */
export async function recordSuccess(
  db: Db,
  { id, token }: { readonly id: string; readonly token: string },
  at: Date,
  log: Insertable<Tables['delivery_attempts']>,
): Promise<boolean> {
  const { rows } = await sql<{ written: boolean }>`
    with done as (
      update deliveries set status = 'delivered', due_at = ${at}, attempt_count = ${log.attempt}, last_status = ${log.status ?? null},
        delivered_at = ${at}, updated_at = ${at}, resume_status = null, resume_at = null,
        lease_token = null, lease_until = null, starts = 0, last_error = null
      where id = ${id} and lease_token = ${token} and status = 'due' returning id, endpoint_id),
    logged as (
      insert into delivery_attempts (delivery_id, attempt, started_at, milliseconds, status, error, response_excerpt, manual)
      select id, ${log.attempt}::int, ${log.started_at}::timestamptz, ${log.milliseconds}::int, ${log.status ?? null}::int,
        ${log.error ?? null}::text, ${log.response_excerpt ?? null}::text, ${log.manual ?? false}::boolean from done),
    forgiven as (
      update webhook_endpoints e set failing_since = null from done where e.id = done.endpoint_id and e.failing_since is not null)
    select exists (select from done) as written`.execute(db)
  return rows[0]!.written
}

export async function insertAttemptLog(db: Db, row: Insertable<Tables['delivery_attempts']>): Promise<void> {
  await db.insertInto('delivery_attempts').values(row).execute()
}

export const findDelivery = (db: Db, workspaceId: string, id: string): Promise<DeliveryRow | undefined> =>
  db.selectFrom('deliveries').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()

export const listAttempts = (db: Db, deliveryId: string): Promise<AttemptLogRow[]> =>
  db.selectFrom('delivery_attempts').selectAll().where('delivery_id', '=', deliveryId).orderBy('attempt').execute()

export interface DeliveryFilter {
  readonly endpoint_id?: string | undefined
  readonly event_id?: string | undefined
  readonly status?: DeliveryRow['status'] | undefined
}

/** Newest first, those older than the id `before`. */
export async function listDeliveries(
  db: Db,
  list: DeliveryFilter & { workspaceId: string; before: string | undefined; limit: number },
): Promise<DeliveryRow[]> {
  let query = db.selectFrom('deliveries').selectAll().where('workspace_id', '=', list.workspaceId)
  if (list.before !== undefined) query = query.where('id', '<', list.before)
  if (list.endpoint_id !== undefined) query = query.where('endpoint_id', '=', list.endpoint_id)
  if (list.event_id !== undefined) query = query.where('event_id', '=', list.event_id)
  if (list.status !== undefined) query = query.where('status', '=', list.status)
  return await query.orderBy('id', 'desc').limit(list.limit).execute()
}

/**
 * Cancels what waits for an endpoint. What is under way is left to record its own outcome: cancelling it would lose a success.
 * Locked rows are skipped, for their owner may be waiting for the endpoint's row, which we hold.
 * @returns how many
 */
export async function cancelWaiting(db: Db, endpointId: string): Promise<number> {
  const result = await sql`
    update deliveries set status = 'cancelled', lease_until = null, resume_status = null, resume_at = null, updated_at = now()
    where id in (
      select id from deliveries
      where endpoint_id = ${endpointId} and status = 'due' and (lease_token is null or lease_until <= now())
      for update skip locked)`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

/**
 * Makes failed deliveries of an endpoint due again with a fresh schedule: those that ended at or after `since`, one per event,
 * and none whose event the endpoint has got, or is about to get, by another delivery. One statement: all of them or none.
 * @returns how many
 */
export async function reviveFailed(db: Db, endpointId: string, since: Date): Promise<number> {
  const result = await sql`
    update deliveries set status = 'due', due_at = now(), schedule_step = 0, starts = 0,
      lease_token = null, lease_until = null, last_error = null, resume_status = null, resume_at = null, updated_at = now()
    where id in (
      select distinct on (event_id) id from deliveries failed
      where endpoint_id = ${endpointId} and status in ('exhausted', 'cancelled') and updated_at >= ${since}
        and not exists (
          select from deliveries other where other.event_id = failed.event_id and other.endpoint_id = failed.endpoint_id
            and other.status in ('due', 'delivered'))
      order by event_id, id desc)
      and status in ('exhausted', 'cancelled')`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

/**
 * Makes a delivery due now, beside its schedule: `resume_*` keep what to go back to when the attempt fails. Nothing changes for
 * one that is due, asked for already, or under way: its attempt is what was asked for.
 * @returns undefined when it was delivered
 */
export async function requestRetry(db: Db, id: string): Promise<DeliveryRow | undefined> {
  await sql`
    update deliveries set status = 'due', due_at = now(), resume_status = status,
      resume_at = case status when 'due' then due_at end, starts = 0, updated_at = now()
    where id = ${id} and status <> 'delivered' and resume_status is null
      and not (status = 'due' and (due_at <= now() or (lease_token is not null and lease_until > now())))`.execute(db)
  return await db.selectFrom('deliveries').selectAll().where('id', '=', id).where('status', '<>', 'delivered').executeTakeFirst()
}
