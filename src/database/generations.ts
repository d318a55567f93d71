/** Generations: the purchase of one shot from one model. The unique index generations_once is the promise "paid once". */
import { type Insertable, type Selectable, sql, type UpdateObject } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'
import type { RowPage } from './workspaces.ts'

export type GenerationRow = Selectable<Tables['generations']>
export type ShotRow = Selectable<Tables['shots']>

export interface GenerationFilter {
  readonly campaign_id?: string | undefined
  readonly status?: string | undefined
  readonly model?: string | undefined
}

export const listGenerations = (
  db: Db,
  workspaceId: string,
  { before, limit }: RowPage,
  filter: GenerationFilter,
): Promise<GenerationRow[]> =>
  db
    .selectFrom('generations')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .$if(before !== undefined, (q) => q.where('id', '<', before!))
    .$if(filter.status !== undefined, (q) => q.where('status', '=', filter.status!))
    .$if(filter.model !== undefined, (q) => q.where('model', '=', filter.model!))
    .$if(filter.campaign_id !== undefined, (q) =>
      q.where('id', 'in', (shots) =>
        shots
          .selectFrom('shots')
          .select('generation_id')
          .where('campaign_id', '=', filter.campaign_id!)
          .where('generation_id', 'is not', null)
          .$castTo<{ generation_id: string }>(),
      ),
    )
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

export const findGeneration = (db: Db, workspaceId: string, id: string): Promise<GenerationRow | undefined> =>
  db.selectFrom('generations').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()

export const lockGeneration = (db: Db, workspaceId: string, id: string): Promise<GenerationRow | undefined> =>
  db
    .selectFrom('generations')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()

/** Locked, if it is in one of the states and no worker has it. */
export const lockUnheld = (db: Db, id: string, statuses: readonly string[]): Promise<GenerationRow | undefined> =>
  db
    .selectFrom('generations')
    .selectAll()
    .where('id', '=', id)
    .where('status', 'in', [...statuses])
    .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', sql<Date>`now()`)]))
    .forNoKeyUpdate()
    .executeTakeFirst()

/** Of a generation that the caller holds, by its lease or by a lock. */
export async function updateGeneration(db: Db, id: string, changes: UpdateObject<Tables, 'generations'>): Promise<void> {
  await db
    .updateTable('generations')
    .set({ ...changes, updated_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute()
}

/** Those of the rows whose key has no live generation yet; the others are left to whoever made the live one. */
export async function insertGenerations(db: Db, rows: readonly Insertable<Tables['generations']>[]): Promise<void> {
  if (rows.length === 0) return
  await db
    .insertInto('generations')
    .values([...rows])
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/**
 * The live generations of some keys. Locked for share, so that none of them can fail before the caller's shots point
 * at it: whoever fails it afterwards sees those shots and moves them on.
 */
export const shareLive = (
  db: Db,
  workspaceId: string,
  keys: readonly string[],
  live: readonly string[],
): Promise<GenerationRow[]> =>
  db
    .selectFrom('generations')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('generation_key', 'in', [...keys])
    .where('status', 'in', [...live])
    .orderBy('id')
    .forShare()
    .execute()

export const shotsOfCampaign = (db: Db, campaignId: string): Promise<ShotRow[]> =>
  db.selectFrom('shots').selectAll().where('campaign_id', '=', campaignId).orderBy('id').execute()

export interface DependentShot extends ShotRow {
  readonly models: readonly string[]
}

/** Shots of rendering campaigns that point at a generation, each with its campaign's models in order. */
export async function dependentShots(db: Db, generationId: string): Promise<DependentShot[]> {
  const { rows } = await sql<DependentShot>`
    select s.*, c.settings->'models' as models from shots s join campaigns c on c.id = s.campaign_id
    where s.generation_id = ${generationId} and c.status = 'rendering' order by s.id for update of s`.execute(db)
  return rows
}

export interface ShotTarget {
  readonly id: string
  readonly generationId: string
  readonly modelIndex: number
}

/** Points shots at generations, all in one statement. */
export async function pointShots(db: Db, targets: readonly ShotTarget[]): Promise<void> {
  if (targets.length === 0) return
  await sql`
    update shots s set generation_id = t.generation_id, model_index = t.model_index, error = null,
      releasing = exists (select from generations g where g.id = t.generation_id and g.status = 'ready')
    from unnest(${targets.map((t) => t.id)}::text[], ${targets.map((t) => t.generationId)}::text[],
      ${targets.map((t) => t.modelIndex)}::int[]) as t (id, generation_id, model_index)
    where s.id = t.id`.execute(db)
}

/** The clip is there: renditions of rendering campaigns that wait for it are to be made due. */
export async function releaseShotsOf(db: Db, generationId: string): Promise<void> {
  await sql`
    update shots s set releasing = true from campaigns c
    where s.generation_id = ${generationId} and c.id = s.campaign_id and c.status = 'rendering'`.execute(db)
}

/** The same for shots whose renditions were put back to wait; those without a clip get it when that comes. */
export async function releaseShots(db: Db, ids: readonly string[]): Promise<void> {
  await sql`
    update shots s set releasing = true from generations g
    where s.id = any(${[...ids]}) and g.id = s.generation_id and g.status = 'ready'`.execute(db)
}

/** No model is left for them: the sweep fails the renditions that need them. */
export async function strandShots(db: Db, ids: readonly string[], error: { code: string; message: string }): Promise<void> {
  if (ids.length > 0)
    await db
      .updateTable('shots')
      .set({ error })
      .where('id', 'in', [...ids])
      .execute()
}

export interface PayerRow {
  readonly id: string
  readonly priority: number
  readonly created_at: Date
}

/** Campaigns that want a generation and may buy now. */
export async function payerCandidates(db: Db, generationId: string): Promise<PayerRow[]> {
  const { rows } = await sql<PayerRow>`
    select c.id, c.priority, c.created_at from shots s join campaigns c on c.id = s.campaign_id
    where s.generation_id = ${generationId} and c.status = 'rendering' and c.pause_reasons = '{}'
      and coalesce(c.not_before <= now(), true)`.execute(db)
  return rows
}

/** Planned generations that only cancelled campaigns wanted. */
export async function cancelOrphans(db: Db, campaignId: string): Promise<void> {
  const planned = await sql<{ id: string }>`
    select g.id from generations g where g.status = 'planned'
      and g.id in (select generation_id from shots where campaign_id = ${campaignId})
    order by g.id for update skip locked`.execute(db)
  if (planned.rows.length === 0) return
  // A second statement, for it sees a shot that was attached while the first one waited for its locks.
  await sql`
    update generations g set status = 'cancelled', updated_at = clock_timestamp()
    where g.id = any(${planned.rows.map((row) => row.id)}) and not exists (
      select from shots s join campaigns c on c.id = s.campaign_id
      where s.generation_id = g.id and c.status = 'rendering')`.execute(db)
}

/** Asks for a poll of the generation that a provider called back about. @returns how many were woken */
export async function wakeRunning(db: Db, attemptId: string): Promise<number> {
  const { numAffectedRows } = await sql`
    update generations set due_at = now() where attempt_id = ${attemptId} and status = 'running' and due_at > now()`.execute(db)
  return Number(numAffectedRows ?? 0)
}
