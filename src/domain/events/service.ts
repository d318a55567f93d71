/**
 * What happened, written down in the transaction in which it happened, together with one delivery per endpoint that
 * wants it: an event exists exactly when its cause was committed.
 */
import type { Json } from '#src/contracts/json.ts'
import { type Db, transaction } from '#src/database/client.ts'
import {
  type EventRow,
  findEvent,
  eventsAfter,
  insertEvents,
  lastCommitted,
  listEvents,
  type NewEventRow,
  replayEvent,
} from '#src/database/events.ts'
import { invalid, notFound, ServiceError } from '#src/errors.ts'
import { announceEvents } from '#src/queue/event-signal.ts'
import { nudge } from '#src/queue/top-up.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import type { EventType } from './types.ts'

export interface NewEvent {
  readonly workspaceId: string
  readonly type: EventType
  readonly campaignId?: string | null | undefined
  /** The variant, generation, campaign… that it is about. */
  readonly subjectId: string
  /** One event per key in a workspace, e.g. `variant:<id>:<revision>:ready`; a second one is dropped silently. */
  readonly dedupeKey: string
  /** Shape: `EventData<type>` of types.ts. */
  readonly data: Readonly<Record<string, Json | undefined>>
  /** Only this endpoint gets it, whatever types it has asked for. */
  readonly endpointId?: string
}

/** Rows of one INSERT: bounds the size of a statement, not what a caller may pass. */
const BATCH = 1000

/**
 * @param now milliseconds since the epoch
 */
export function createEvents({ ids, now }: { ids: NewId; now: () => number }) {
  function rowOf(event: NewEvent): NewEventRow {
    const body = { type: event.type, timestamp: new Date(now()).toISOString(), data: event.data }
    return {
      id: ids('event'),
      workspace_id: event.workspaceId,
      type: event.type,
      campaign_id: event.campaignId ?? null,
      subject_id: event.subjectId,
      dedupe_key: event.dedupeKey,
      body: JSON.stringify(body),
      delivery_id: ids('delivery'),
      endpoint_id: event.endpointId ?? null,
    }
  }

  async function write(db: Db, rows: readonly NewEventRow[]): Promise<void> {
    if ((await insertEvents(db, rows)) > 0) await nudge(db, 'deliver')
    await announceEvents(db)
  }

  /** Emits all or none, set-based. Call it in the transaction of the state change that it tells of. */
  async function emitMany(db: Db, events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return
    await transaction(db, async (trx) => {
      for (let at = 0; at < events.length; at += BATCH) await write(trx, events.slice(at, at + BATCH).map(rowOf))
    })
  }

  return {
    emitMany,
    /** Writes one event and its deliveries. Call it in the transaction of the state change that it tells of. */
    emit: (db: Db, event: NewEvent): Promise<void> => emitMany(db, [event]),

    /** Newest first. */
    async list(
      scope: Scope,
      page: PageRequest,
      filter: { readonly type?: string | undefined; readonly campaign_id?: string | undefined } = {},
    ): Promise<Page<EventResource>> {
      const before = decodeCursor(page.cursor)
      const { type, campaign_id } = filter
      const list = { workspaceId: scope.workspaceId, before, limit: page.limit + 1, type, campaign_id }
      const rows = await listEvents(scope.db, list)
      return pageOf(rows, page, (row) => row.id, present)
    },

    /**
     * A campaign's events in commit order, the next ones after a cursor (undefined: from the first).
     * @throws invalid for a cursor that is none
     */
    async after(scope: Scope, campaignId: string, cursor: string | undefined) {
      if (cursor !== undefined && !cursorShape.test(cursor)) throw badCursor()
      const [transaction = '0', sequence = '0'] = cursor?.split('-') ?? []
      const where = { workspaceId: scope.workspaceId, campaignId, transaction, sequence, limit: FOLLOWED }
      return (await eventsAfter(scope.db, where)).map(({ transaction: xid, sequence: at, type, body }) => ({
        cursor: `${xid}-${at}`,
        type,
        body,
      }))
    },

    /** The cursor after which nothing is committed yet. */
    end: async (scope: Scope): Promise<string> => `${await lastCommitted(scope.db)}-0`,

    /** @throws not_found */
    async get(scope: Scope, id: string): Promise<EventResource> {
      const row = await findEvent(scope.db, scope.workspaceId, id)
      if (!row) throw notFound('event', id)
      return present(row)
    },

    /** For an event whose dedupe key is surely new. */
    async emitAndRead(db: Db, event: NewEvent): Promise<EventResource> {
      return await transaction(db, async (trx) => {
        const row = rowOf(event)
        await write(trx, [row])
        return present((await findEvent(trx, row.workspace_id, row.id))!)
      })
    },

    /**
     * Posts an event again, with its id and bytes, to every enabled endpoint that wants it, delivered before or not.
     * @throws not_found; conflict when no enabled endpoint wants it
     */
    async replay(scope: Scope, id: string): Promise<EventResource> {
      return await transaction(scope.db, async (trx) => {
        const row = await findEvent(trx, scope.workspaceId, id)
        if (!row) throw notFound('event', id)
        const deliveries = await replayEvent(trx, { workspaceId: scope.workspaceId, eventId: id, deliveryId: ids('delivery') })
        if (deliveries === 0) throw nobodyWants(id)
        await nudge(trx, 'deliver')
        return present(row)
      })
    },
  }
}

export type Events = ReturnType<typeof createEvents>

export interface EventResource {
  readonly id: string
  readonly object: 'event'
  readonly type: string
  readonly campaign_id: string | null
  readonly created_at: string
  /** What is posted, parsed. */
  readonly payload: { readonly type: string; readonly timestamp: string; readonly data: Readonly<Record<string, Json>> }
}

const present = (row: EventRow): EventResource => ({
  id: row.id,
  object: 'event',
  type: row.type,
  campaign_id: row.campaign_id,
  created_at: row.created_at.toISOString(),
  payload: JSON.parse(row.body) as EventResource['payload'],
})

/** Events of one look at a campaign that is followed. */
const FOLLOWED = 200

/** Transaction and sequence: what Postgres can hold. */
const cursorShape = /^\d{1,18}-\d{1,18}$/

const badCursor = () =>
  invalid([
    {
      pointer: '/headers/last-event-id',
      code: 'invalid_cursor',
      message: 'Send the id of an event of this stream, or leave Last-Event-ID out.',
    },
  ])

const nobodyWants = (id: string) =>
  new ServiceError(
    'conflict',
    `No enabled endpoint wants event "${id}": check the types, the campaign and the status of your endpoints.`,
  )
