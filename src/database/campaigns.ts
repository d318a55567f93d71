/** Campaigns: rows, pause reasons, and the figures that are shown beside them. */
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'
import type { RowPage } from './workspaces.ts'

export type CampaignRow = Selectable<Tables['campaigns']>
export type PlanRow = Selectable<Tables['plans']>

export const insertCampaign = (db: Db, row: Insertable<Tables['campaigns']>): Promise<CampaignRow> =>
  db.insertInto('campaigns').values(row).returningAll().executeTakeFirstOrThrow()

export const listCampaigns = (
  db: Db,
  workspaceId: string,
  { before, limit, status }: RowPage & { readonly status?: string | undefined },
): Promise<CampaignRow[]> =>
  db
    .selectFrom('campaigns')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .$if(before !== undefined, (q) => q.where('id', '<', before!))
    .$if(status !== undefined, (q) => q.where('status', '=', status!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

export const findCampaign = (db: Db, workspaceId: string, id: string): Promise<CampaignRow | undefined> =>
  db.selectFrom('campaigns').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()

/** Keeps every other change of the campaign out until the transaction ends. */
export const lockCampaign = (db: Db, workspaceId: string, id: string): Promise<CampaignRow | undefined> =>
  db
    .selectFrom('campaigns')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()

/** Of a campaign that the caller has locked. */
export const updateCampaign = (db: Db, id: string, changes: Updateable<Tables['campaigns']>): Promise<CampaignRow> =>
  db
    .updateTable('campaigns')
    .set({ ...changes, updated_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

export async function deleteCampaign(db: Db, id: string): Promise<void> {
  await db.deleteFrom('campaigns').where('id', '=', id).execute()
}

/** Endpoints that listen to one campaign keep it from being deleted. */
export const endpointsOf = (db: Db, campaignId: string): Promise<{ id: string }[]> =>
  db.selectFrom('webhook_endpoints').select('id').where('campaign_id', '=', campaignId).limit(5).execute()

/** Adds a reason to those that render and do not have it yet. @returns the campaigns that changed */
export const pauseCampaigns = (db: Db, ids: readonly string[], reason: string): Promise<CampaignRow[]> =>
  db
    .updateTable('campaigns')
    .set({ pause_reasons: sql`array_append(pause_reasons, ${reason})`, updated_at: sql`clock_timestamp()` })
    .where('id', 'in', [...ids])
    .where('status', '=', 'rendering')
    .where(sql<boolean>`not (${reason} = any(pause_reasons))`)
    .returningAll()
    .execute()

/**
 * Takes the reason `budget` away where there may be room again; whoever still does not fit is paused again at the next try.
 * A campaign that is locked settles something itself, and clears its own pause: waiting for it here could be for each other.
 */
export const clearBudgetPauses = (db: Db, workspaceId: string): Promise<CampaignRow[]> =>
  db
    .updateTable('campaigns')
    .set({ pause_reasons: sql`array_remove(pause_reasons, 'budget')`, updated_at: sql`clock_timestamp()` })
    .where('id', 'in', (paused) =>
      paused
        .selectFrom('campaigns')
        .select('id')
        .where('workspace_id', '=', workspaceId)
        .where('status', '=', 'rendering')
        .where(sql<boolean>`'budget' = any(pause_reasons)`)
        .forNoKeyUpdate()
        .skipLocked(),
    )
    .returningAll()
    .execute()

/** A new month is a new budget: campaigns that paused in an earlier one try again. */
export async function clearBudgetPausesOfLastMonth(db: Db): Promise<void> {
  await db
    .updateTable('campaigns')
    .set({ pause_reasons: sql`array_remove(pause_reasons, 'budget')`, updated_at: sql`clock_timestamp()` })
    .where('status', '=', 'rendering')
    .where(sql<boolean>`'budget' = any(pause_reasons)`)
    .where('updated_at', '<', sql<Date>`date_trunc('month', now() at time zone 'utc') at time zone 'utc'`)
    .execute()
}

/** Ends every campaign of a workspace that is being deleted; the sweep cancels their variants. */
export async function cancelCampaignsOf(db: Db, workspaceId: string, statuses: readonly string[]): Promise<void> {
  await db
    .updateTable('campaigns')
    .set({ status: 'cancelled', updated_at: sql`clock_timestamp()` })
    .where('workspace_id', '=', workspaceId)
    .where('status', 'in', [...statuses])
    .execute()
}

/** Rendering campaigns without an open variant and without an uncertain clip, locked. */
export async function lockFinished(db: Db, openStatuses: readonly string[], limit: number): Promise<CampaignRow[]> {
  const finished = sql<boolean>`
    c.status = 'rendering'
    and not exists (select from variants v where v.campaign_id = c.id and v.status = any(${[...openStatuses]}))
    and not exists (
      select from shots s join generations g on g.id = s.generation_id where s.campaign_id = c.id and g.status = 'uncertain')`
  const candidates = await sql<{ id: string }>`
    select c.id from campaigns c where ${finished} order by c.id limit ${limit} for no key update of c skip locked`.execute(db)
  if (candidates.rows.length === 0) return []
  // Looked at again under the lock: a retry may have opened a variant between the snapshot and the lock.
  const ids = candidates.rows.map((row) => row.id)
  const { rows } = await sql<CampaignRow>`select c.* from campaigns c where c.id = any(${ids}) and ${finished}`.execute(db)
  return rows
}
