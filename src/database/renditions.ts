/** Renditions: one output file of a variant in one format, the unit of composition. */
import { type Selectable, sql, type UpdateObject } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type RenditionRow = Selectable<Tables['renditions']>

export interface FileFacts {
  readonly id: string
  readonly file_name: string
  readonly link_version: number
  readonly bytes: number
  readonly sha256: string
}

export interface RenditionWithFiles extends RenditionRow {
  readonly video: FileFacts | null
  readonly poster: FileFacts | null
  readonly preview: FileFacts | null
}

/** Of a page of variants at once, in the order in which the campaign lists its formats. */
export async function renditionsOf(db: Db, variantIds: readonly string[]): Promise<RenditionWithFiles[]> {
  if (variantIds.length === 0) return []
  const file = (alias: string) =>
    sql`(select jsonb_build_object('id', f.id, 'file_name', f.file_name, 'link_version', f.link_version, 'bytes', f.bytes, 'sha256', f.sha256)
      from files f where f.id = r.${sql.ref(`${alias}_file_id`)} and f.removed_at is null) as ${sql.ref(alias)}`
  const { rows } = await sql<RenditionWithFiles>`
    select r.*, ${file('video')}, ${file('poster')}, ${file('preview')}
    from renditions r join campaigns c on c.id = r.campaign_id
    where r.variant_id = any(${[...variantIds]})
    order by r.variant_id, array_position(array(select jsonb_array_elements_text(c.settings->'formats')), r.format), r.format`.execute(
    db,
  )
  return rows
}

/** Of a rendition that the caller holds, by its lease or through its variant's lock. */
export async function updateRendition(db: Db, id: string, changes: UpdateObject<Tables, 'renditions'>): Promise<void> {
  await db
    .updateTable('renditions')
    .set({ ...changes, updated_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute()
}

/** A ready rendition of equal content, whose files are still there. */
export const findEqual = (db: Db, workspaceId: string, renditionKey: string): Promise<RenditionRow | undefined> =>
  db
    .selectFrom('renditions')
    .innerJoin('files', 'files.id', 'renditions.video_file_id')
    .selectAll('renditions')
    .where('renditions.workspace_id', '=', workspaceId)
    .where('renditions.rendition_key', '=', renditionKey)
    .where('renditions.status', '=', 'ready')
    .where('files.removed_at', 'is', null)
    .limit(1)
    .executeTakeFirst()

/** Ends every rendition of the variants that still waits or is being made. @returns how many */
export async function endOpen(
  db: Db,
  variantIds: readonly string[],
  end: { readonly status: 'failed' | 'cancelled'; readonly from: readonly string[]; readonly onlyStranded?: boolean },
): Promise<void> {
  if (variantIds.length === 0) return
  const reason = sql`(select s.error from shots s where s.id = any(r.shot_ids) and s.error is not null limit 1)`
  await sql`
    update renditions r set status = ${end.status}, error = ${reason}, lease_token = null, lease_until = null, updated_at = clock_timestamp()
    where r.variant_id = any(${[...variantIds]}) and r.status = any(${[...end.from]})
      and (not ${end.onlyStranded ?? false} or exists (select from shots s where s.id = any(r.shot_ids) and s.error is not null))`.execute(
    db,
  )
}

/** Shots whose renditions are looked at in one pass. */
const shotsAtOnce = 50

/** With review `clips`, a clip that nobody has approved is as good as none. `s`, `g`, `c`: shot, its generation, its campaign. */
export const isUnapproved = (s: string, g: string, c: string) =>
  sql<boolean>`(${sql.ref(c)}.settings->>'review' is not distinct from 'clips' and ${sql.ref(s)}.approved_sha256 is distinct from ${sql.ref(g)}.clip->>'sha256')`

/**
 * Makes renditions due whose shots all have their clips, in batches: a clip may be shared by a million of them.
 * Only shots that are marked `releasing` are looked at, so that a pass with nothing to do costs nothing. They are locked
 * first: who puts a rendition back to wait marks its shots after the pass, or before it and is seen.
 * @param generationId only those that wait for this one
 */
export async function releaseReady(db: Db, limit: number, generationId?: string): Promise<{ released: number; more: boolean }> {
  const shots = await lockReleasing(db, generationId)
  if (shots.length === 0) return { released: 0, more: false }
  const { numAffectedRows } = await sql`
    update renditions set due_at = now() where id in (
      select r.id from renditions r join campaigns c on c.id = r.campaign_id
      where r.shot_ids && ${shots}::text[] and r.status = 'waiting' and r.due_at = 'infinity'
        and (cardinality(r.shot_ids) = 1 or not exists (
          select from unnest(r.shot_ids) as wanted (id) join shots o on o.id = wanted.id
          left join generations g on g.id = o.generation_id
          where g.status is distinct from 'ready' or ${isUnapproved('o', 'g', 'c')}))
      limit ${limit} for update of r skip locked)`.execute(db)
  const released = Number(numAffectedRows ?? 0)
  if (released === limit) return { released, more: true }
  await db.updateTable('shots').set({ releasing: false }).where('id', 'in', shots).execute()
  return { released, more: shots.length === shotsAtOnce }
}

async function lockReleasing(db: Db, generationId: string | undefined): Promise<string[]> {
  const shots = await db
    .selectFrom('shots')
    .innerJoin('campaigns', 'campaigns.id', 'shots.campaign_id')
    .leftJoin('generations', 'generations.id', 'shots.generation_id')
    .select('shots.id')
    .where('shots.releasing', '=', true)
    .where('campaigns.status', '=', 'rendering')
    // The mark of a clip that waits for its approval stays until then.
    .where((eb) => eb.not(isUnapproved('shots', 'generations', 'campaigns')))
    .$if(generationId !== undefined, (q) => q.where('shots.generation_id', '=', generationId!))
    .limit(shotsAtOnce)
    .forUpdate('shots')
    .skipLocked()
    .execute()
  return shots.map((shot) => shot.id)
}

/** Puts the failed renditions of a variant back to wait for their clips. */
export async function reopenRenditions(db: Db, variantId: string, revision: number): Promise<void> {
  await db
    .updateTable('renditions')
    .set({
      status: 'waiting',
      variant_revision: revision,
      error: null,
      starts: 0,
      last_error: null,
      lease_token: null,
      lease_until: null,
      due_at: sql`'infinity'`,
      updated_at: sql`clock_timestamp()`,
    })
    .where('variant_id', '=', variantId)
    .where('status', '=', 'failed')
    .execute()
}

/** Makes every rendition of a variant wait for its clips again. @param shots old shot → the one that takes its place */
export async function remakeRenditions(db: Db, variantId: string, revision: number, shots: ReadonlyMap<string, string>) {
  await sql`
    update renditions r set variant_revision = ${revision}, status = 'waiting', error = null, starts = 0, last_error = null,
      lease_token = null, lease_until = null, due_at = 'infinity', updated_at = clock_timestamp(),
      rendition_key = null, video_file_id = null, poster_file_id = null, preview_file_id = null, qa = null,
      shot_ids = array(select coalesce(t.new_id, o.id) from unnest(r.shot_ids) with ordinality as o (id, n)
        left join unnest(${[...shots.keys()]}::text[], ${[...shots.values()]}::text[]) as t (old_id, new_id) on t.old_id = o.id order by o.n)
    where r.variant_id = ${variantId} and r.status <> 'cancelled'`.execute(db)
  await sql`
    update shots s set releasing = true from renditions r, generations g
    where r.variant_id = ${variantId} and s.id = any(r.shot_ids) and g.id = s.generation_id and g.status = 'ready'`.execute(db)
}
