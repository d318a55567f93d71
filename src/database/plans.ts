/** Plans: their rows, what a running one writes page by page, and what clips are owned already. */
import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { Json } from '#src/contracts/json.ts'
import type { CampaignRow, PlanRow } from './campaigns.ts'
import { json, type Db } from './client.ts'
import type { SegmentRow } from './segments.ts'

export type { PlanRow } from './campaigns.ts'

/** The campaign that is being planned; undefined when it has moved on. Locked until the transaction ends. */
export const lockPlanning = (db: Db, { campaign_id, revision }: PlanRow): Promise<CampaignRow | undefined> =>
  db
    .selectFrom('campaigns')
    .selectAll()
    .where('id', '=', campaign_id)
    .where('status', '=', 'planning')
    .where('plan_revision', '=', revision)
    .forUpdate()
    .executeTakeFirst()

/** Removes what an earlier plan, or an unfinished run of this one, wrote. The campaign was never launched: nothing points at it. */
export async function clearPlanned(db: Db, campaignId: string): Promise<void> {
  await db.deleteFrom('variants').where('campaign_id', '=', campaignId).execute()
  await db.deleteFrom('shots').where('campaign_id', '=', campaignId).execute()
}

export async function clearInvalid(db: Db, planId: string): Promise<void> {
  await db.deleteFrom('plan_invalid').where('plan_id', '=', planId).execute()
}

type Condition = RawBuilder<SqlBool> | ReturnType<typeof sql.join>

export async function countSegments(db: Db, where: Condition): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from segments s where ${where}`.execute(db)
  return rows[0]?.count ?? 0
}

/** The next segments in the order of the import. */
export async function nextSegments(db: Db, where: Condition, after: number, limit: number): Promise<SegmentRow[]> {
  const { rows } = await sql<SegmentRow>`
    select s.key, s.locale, s.attributes, s.position from segments s
    where ${where} and s.position > ${after} order by s.position limit ${limit}`.execute(db)
  return rows
}

/** When the audience last changed; an erased segment changes it. `hold` keeps it so until the transaction ends. */
export async function audienceChangedAt(db: Db, audienceId: string, { hold }: { hold: boolean }): Promise<string> {
  const { rows } = await sql<{ at: string }>`
    select updated_at::text as at from audiences where id = ${audienceId} ${hold ? sql`for share` : sql``}`.execute(db)
  return rows[0]?.at ?? ''
}

/** Those of the keys that some revision of the audience still has. */
export async function existingKeys(db: Db, audienceId: string, keys: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('segments')
    .select('key')
    .where('audience_id', '=', audienceId)
    .where(sql<boolean>`key = any(${[...keys]})`)
    .execute()
  return rows.map((row) => row.key)
}

export interface NewShot {
  readonly id: string
  readonly shot_key: string
  readonly spec: Json
  readonly model_index: number
}

/** Ids of the shots by key; those that are new are made. */
export async function ensureShots(
  db: Db,
  { workspaceId, campaignId }: { workspaceId: string; campaignId: string },
  shots: readonly NewShot[],
): Promise<{ id: string; shot_key: string }[]> {
  if (shots.length === 0) return []
  return await db
    .insertInto('shots')
    .values(shots.map((shot) => ({ ...shot, workspace_id: workspaceId, campaign_id: campaignId })))
    // A no-op that makes the known row's id come back.
    .onConflict((conflict) =>
      conflict.columns(['campaign_id', 'shot_key']).doUpdateSet((eb) => ({ shot_key: eb.ref('excluded.shot_key') })),
    )
    .returning(['id', 'shot_key'])
    .execute()
}

/** Columns of the COPY lines that a page writes. */
export const variantTarget = 'variants (id, workspace_id, campaign_id, segment_key, locale, position, plan_revision, texts)'
export const renditionTarget = 'renditions (id, workspace_id, campaign_id, variant_id, format, shot_ids, draft)'
export const invalidTarget = 'plan_invalid (plan_id, position, segment_key, errors)'

export async function setProgress(db: Db, planId: string, progress: { segments: number; of: number }): Promise<void> {
  await sql`update plans set progress = ${json(progress)}, updated_at = clock_timestamp() where id = ${planId}`.execute(db)
}

export const shotPage = (db: Db, campaignId: string, { after, limit }: { after: string; limit: number }) =>
  db
    .selectFrom('shots')
    .select(['id', 'shot_key', 'spec', 'model_index'])
    .where('campaign_id', '=', campaignId)
    .where('shot_key', '>', after)
    .orderBy('shot_key')
    .limit(limit)
    .execute()

/** The one generation of each key that is ready or on its way. */
export const liveGenerations = (db: Db, workspaceId: string, keys: readonly string[], statuses: readonly string[]) =>
  db
    .selectFrom('generations')
    .select(['id', 'generation_key', 'status'])
    .where('workspace_id', '=', workspaceId)
    .where(sql<boolean>`generation_key = any(${[...keys]})`)
    .where('status', 'in', [...statuses])
    .execute()
