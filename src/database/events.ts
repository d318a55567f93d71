/** Events and the fan-out to deliveries: one statement each, so that there is no event without its deliveries. */
import { type Selectable, sql } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type EventRow = Selectable<Tables['events']>

export interface NewEventRow {
  readonly id: string
  readonly workspace_id: string
  readonly type: string
  readonly campaign_id: string | null
  readonly subject_id: string
  readonly dedupe_key: string
  /** The exact bytes that are signed and sent. */
  readonly body: string
  /** A fresh id, from which the id of each delivery of this event is made (deliveryId). */
  readonly delivery_id: string
  /** Only this endpoint, whatever types it asked for; null: all that match. */
  readonly endpoint_id: string | null
}

/**
 * The id of one endpoint's delivery: the time of `fresh` and 64 bits of a digest. Made in SQL, because how many
 * endpoints match is known only inside the statement.
 */
const deliveryId = (fresh: string) =>
  sql.raw(`'dlv_' || substr(${fresh}, 5, 10) || left(encode(sha256(convert_to(${fresh} || e.id, 'UTF8')), 'hex'), 16)`)

const enabled = sql`e.status = 'enabled' and e.deleted_at is null`
/** Filters of an endpoint, applied to an event's columns behind the alias `v`. */
const wanted = sql`(e.event_types is null or v.type = any (e.event_types))
  and (e.campaign_id is null or e.campaign_id = v.campaign_id)`

/**
 * Inserts the events whose dedupe key is new, in order, with a delivery per endpoint that wants them.
 * @returns the number of deliveries
 */
export async function insertEvents(db: Db, events: readonly NewEventRow[]): Promise<number> {
  const result = await sql<{ deliveries: number }>`
    with v as (
      select * from rows from (
        json_to_recordset(${JSON.stringify(events)}::json) as (
          id text, workspace_id text, type text, campaign_id text, subject_id text, dedupe_key text, body text,
          delivery_id text, endpoint_id text)
      ) with ordinality as t (
        id, workspace_id, type, campaign_id, subject_id, dedupe_key, body, delivery_id, endpoint_id, position)
    ), inserted as (
      insert into events (id, workspace_id, type, campaign_id, subject_id, dedupe_key, body)
      select id, workspace_id, type, campaign_id, subject_id, dedupe_key, body from v order by position
      on conflict (workspace_id, dedupe_key) do nothing
      returning id
    ), delivered as (
      insert into deliveries (id, workspace_id, endpoint_id, event_id)
      select ${deliveryId('v.delivery_id')}, v.workspace_id, e.id, v.id
      from inserted join v using (id) join webhook_endpoints e on e.workspace_id = v.workspace_id
      where ${enabled} and (e.id = v.endpoint_id or (v.endpoint_id is null and ${wanted}))
      returning 1
    )
    select count(*) as deliveries from delivered`.execute(db)
  return result.rows[0]!.deliveries
}

/** New deliveries of an old event. @returns how many endpoints want it */
export async function replayEvent(db: Db, replay: { workspaceId: string; eventId: string; deliveryId: string }): Promise<number> {
  const result = await sql<{ id: string }>`
    insert into deliveries (id, workspace_id, endpoint_id, event_id)
    select ${deliveryId('f.fresh')}, v.workspace_id, e.id, v.id
    from (select ${replay.deliveryId}::text as fresh) f, events v join webhook_endpoints e on e.workspace_id = v.workspace_id
    where v.workspace_id = ${replay.workspaceId} and v.id = ${replay.eventId} and ${enabled} and ${wanted}
    returning id`.execute(db)
  return result.rows.length
}

export const findEvent = (db: Db, workspaceId: string, id: string): Promise<EventRow | undefined> =>
  db.selectFrom('events').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()

/** Newest first, those older than the id `before`. */
export async function listEvents(
  db: Db,
  list: {
    workspaceId: string
    before: string | undefined
    limit: number
    type?: string | undefined
    campaign_id?: string | undefined
  },
): Promise<EventRow[]> {
  let query = db.selectFrom('events').selectAll().where('workspace_id', '=', list.workspaceId)
  if (list.before !== undefined) query = query.where('id', '<', list.before)
  if (list.type !== undefined) query = query.where('type', '=', list.type)
  if (list.campaign_id !== undefined) query = query.where('campaign_id', '=', list.campaign_id)
  return await query.orderBy('id', 'desc').limit(list.limit).execute()
}

/**
 * In commit order: a row is shown only when every transaction that is older than its own has ended, so no row can
 * appear later in front of one that was read.
 */
export async function eventsAfter(
  db: Db,
  { workspaceId, campaignId, transaction, sequence, limit }: EventPosition,
): Promise<Pick<EventRow, 'transaction' | 'sequence' | 'type' | 'body'>[]> {
  const { rows } = await sql<Pick<EventRow, 'transaction' | 'sequence' | 'type' | 'body'>>`
    select transaction::text as transaction, sequence, type, body from events
    where workspace_id = ${workspaceId} and campaign_id = ${campaignId}
      and (transaction, sequence) > (${transaction}::xid8, ${sequence}::bigint)
      and transaction < pg_snapshot_xmin(pg_current_snapshot())
    order by transaction, sequence limit ${limit}`.execute(db)
  return rows
}

interface EventPosition {
  readonly workspaceId: string
  readonly campaignId: string
  /** Of the last event that was read. */
  readonly transaction: string
  readonly sequence: string
  readonly limit: number
}

/** Every transaction before this one has ended. */
export async function lastCommitted(db: Db): Promise<string> {
  const { rows } = await sql<{ xmin: string }>`select pg_snapshot_xmin(pg_current_snapshot())::text as xmin`.execute(db)
  return rows[0]!.xmin
}
