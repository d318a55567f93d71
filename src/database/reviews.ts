/** Decisions of reviewers, and the rows that they are about. */
import { type Insertable, type Selectable, sql } from 'kysely'
import type { Db } from './client.ts'
import type { ShotRow } from './generations.ts'
import type { Tables } from './tables.ts'

export type DecisionRow = Selectable<Tables['review_decisions']>

/** Rows of one INSERT. */
const batch = 1000

export async function insertDecisions(db: Db, rows: readonly Insertable<Tables['review_decisions']>[]): Promise<void> {
  for (let at = 0; at < rows.length; at += batch) {
    await db
      .insertInto('review_decisions')
      .values(rows.slice(at, at + batch))
      .execute()
  }
}

/** The newest decision that still holds, of each of the variants. */
export async function standingDecisions(db: Db, variantIds: readonly string[]): Promise<Map<string, DecisionRow>> {
  if (variantIds.length === 0) return new Map()
  const { rows } = await sql<DecisionRow>`
    select distinct on (variant_id) * from review_decisions
    where variant_id = any(${[...variantIds]}) and void_at is null order by variant_id, id desc`.execute(db)
  return new Map(rows.map((row) => [row.variant_id!, row]))
}

/** Newest first, void ones included. */
export const decisionsOf = (db: Db, variantId: string): Promise<DecisionRow[]> =>
  db.selectFrom('review_decisions').selectAll().where('variant_id', '=', variantId).orderBy('id', 'desc').limit(100).execute()

export interface Reviewable {
  readonly id: string
  readonly revision: number
  readonly segment_key: string
  readonly locale: string
  /** Hex, sorted: of the videos of its ready renditions. */
  readonly files_sha256: string[]
}

export interface ReviewFilter {
  readonly locale?: readonly string[] | undefined
  readonly segment_keys?: readonly string[] | undefined
  readonly search?: string | undefined
}

const videosOf = sql`
  array(select f.sha256 from renditions r join files f on f.id = r.video_file_id
    where r.variant_id = v.id and r.status = 'ready' order by f.sha256)`

/** Variants of a campaign that wait for a decision, in the order of ids. */
export async function reviewableOf(
  db: Db,
  campaignId: string,
  { locale, segment_keys, search }: ReviewFilter,
  limit: number,
): Promise<Reviewable[]> {
  const { rows } = await sql<Reviewable>`
    select v.id, v.revision, v.segment_key, v.locale, ${videosOf} as files_sha256 from variants v
    where v.campaign_id = ${campaignId} and v.status = 'in_review'
      and (${locale ?? null}::text[] is null or v.locale = any(${locale ?? null}::text[]))
      and (${segment_keys ?? null}::text[] is null or v.segment_key = any(${segment_keys ?? null}::text[]))
      and (${search ?? null}::text is null or strpos(lower(v.segment_key), lower(${search ?? null}::text)) > 0)
    order by v.id limit ${limit}`.execute(db)
  return rows
}

/** As they are now, whatever their status: for variants that the caller has locked. */
export async function filesSeen(db: Db, variantIds: readonly string[]): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ id: string; files_sha256: string[] }>`
    select v.id, ${videosOf} as files_sha256 from variants v where v.id = any(${[...variantIds]})`.execute(db)
  return new Map(rows.map((row) => [row.id, row.files_sha256]))
}

/** Opens the links of exactly the files that these variants have now, their clips included. */
export async function approveFiles(db: Db, variantIds: readonly string[]): Promise<void> {
  const ids = [...variantIds]
  await sql`
    update files set approved_at = now() where approved_at is null and id in (
      select unnest(array[r.video_file_id, r.poster_file_id, r.preview_file_id]) from renditions r
        where r.variant_id = any(${ids}) and r.status = 'ready'
      union all
      select g.clip_file_id from renditions r join shots s on s.id = any(r.shot_ids) join generations g on g.id = s.generation_id
        where r.variant_id = any(${ids}) and r.status = 'ready')`.execute(db)
}

export interface ClipRow extends ShotRow {
  readonly campaign_status: string
  readonly model: string | null
  readonly generation_status: string | null
  readonly clip_file_id: string | null
  readonly clip_sha256: string | null
  readonly variants: number
  readonly decision: DecisionRow | null
}

/** Shots of a campaign with their clips and how many variants use them, in the order of ids. */
export async function clipsForReview(
  db: Db,
  campaignId: string,
  { after, limit, shotId }: { readonly after?: string | undefined; readonly limit: number; readonly shotId?: string },
): Promise<ClipRow[]> {
  const { rows } = await sql<ClipRow>`
    select s.*, c.status as campaign_status, g.model, g.status as generation_status, g.clip_file_id, g.clip->>'sha256' as clip_sha256,
      (select count(distinct r.variant_id) from renditions r where r.campaign_id = s.campaign_id and r.shot_ids @> array[s.id]) as variants,
      (select to_jsonb(d) from review_decisions d where d.shot_id = s.id order by d.id desc limit 1) as decision
    from shots s join campaigns c on c.id = s.campaign_id left join generations g on g.id = s.generation_id
    where s.campaign_id = ${campaignId} and (${after ?? null}::text is null or s.id > ${after ?? null})
      and (${shotId ?? null}::text is null or s.id = ${shotId ?? null})
    order by s.id limit ${limit}`.execute(db)
  return rows
}

export const lockShot = (db: Db, campaignId: string, id: string): Promise<ShotRow | undefined> =>
  db.selectFrom('shots').selectAll().where('campaign_id', '=', campaignId).where('id', '=', id).forUpdate().executeTakeFirst()

export async function approveClip(db: Db, shotId: string, sha256: string): Promise<void> {
  await db.updateTable('shots').set({ approved_sha256: sha256, error: null, releasing: true }).where('id', '=', shotId).execute()
  await sql`
    update files set approved_at = now() where approved_at is null and id in (
      select g.clip_file_id from shots s join generations g on g.id = s.generation_id where s.id = ${shotId})`.execute(db)
}

/** The first take of a shot that the campaign does not have yet. */
export async function nextTake(db: Db, { campaign_id, spec }: Pick<ShotRow, 'campaign_id' | 'spec'>): Promise<number> {
  const text = JSON.stringify(spec)
  const { rows } = await sql<{ take: number }>`
    select coalesce(max((spec->>'take')::int), 0) + 1 as take from shots
    where campaign_id = ${campaign_id} and spec - 'take' = ${text}::jsonb - 'take'`.execute(db)
  return rows[0]!.take
}

/** A shot with that key: the campaign's, or a new one. @returns its id */
export async function ensureShot(
  db: Db,
  shot: Pick<ShotRow, 'id' | 'workspace_id' | 'campaign_id' | 'shot_key'> & { readonly spec: object },
): Promise<string> {
  const { spec, ...columns } = shot
  const { rows } = await sql<{ id: string }>`
    insert into shots (id, workspace_id, campaign_id, shot_key, spec)
    values (${columns.id}, ${columns.workspace_id}, ${columns.campaign_id}, ${columns.shot_key}, ${JSON.stringify(spec)}::jsonb)
    on conflict (campaign_id, shot_key) do update set shot_key = excluded.shot_key returning id`.execute(db)
  return rows[0]!.id
}
