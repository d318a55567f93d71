/** Rows of webhook endpoints. */
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type EndpointRow = Selectable<Tables['webhook_endpoints']>
export type EndpointChange = Updateable<Tables['webhook_endpoints']>

export const insertEndpoint = (db: Db, row: Insertable<Tables['webhook_endpoints']>): Promise<EndpointRow> =>
  db.insertInto('webhook_endpoints').values(row).returningAll().executeTakeFirstOrThrow()

/** Deleted ones are not found. */
export const findEndpoint = (db: Db, workspaceId: string, id: string): Promise<EndpointRow | undefined> =>
  db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()

/** Newest first, those older than the id `before`. */
export async function listEndpoints(
  db: Db,
  list: { workspaceId: string; before: string | undefined; limit: number },
): Promise<EndpointRow[]> {
  let query = db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where('workspace_id', '=', list.workspaceId)
    .where('deleted_at', 'is', null)
  if (list.before !== undefined) query = query.where('id', '<', list.before)
  return await query.orderBy('id', 'desc').limit(list.limit).execute()
}

export const updateEndpoint = (
  db: Db,
  workspaceId: string,
  id: string,
  change: EndpointChange,
): Promise<EndpointRow | undefined> =>
  db
    .updateTable('webhook_endpoints')
    .set(change)
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returningAll()
    .executeTakeFirst()

/**
 * Notes when failures began, and locks the row until the transaction ends: failures of one endpoint are judged one after the
 * other, and none of them overlooks that the endpoint was disabled meanwhile.
 */
export async function noteFailure(db: Db, id: string, now: Date): Promise<EndpointRow> {
  const row = await db.selectFrom('webhook_endpoints').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirstOrThrow()
  if (row.failing_since !== null) return row
  await db.updateTable('webhook_endpoints').set({ failing_since: now }).where('id', '=', id).execute()
  return { ...row, failing_since: now }
}
