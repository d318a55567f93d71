/** Variants: one segment's ad each. */
import { type Selectable, sql } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type VariantRow = Selectable<Tables['variants']>

export interface VariantFilter {
  readonly campaign_id?: string | undefined
  readonly status?: string | undefined
  readonly segment_key?: string | undefined
  /** Those that have a rendition in it. */
  readonly format?: string | undefined
  readonly locale?: string | undefined
  /** Part of the segment's key, in any case. */
  readonly search?: string | undefined
}

export interface VariantPage {
  /** Rows after this one; see `listVariants`. */
  readonly after: { readonly position: number; readonly id: string } | undefined
  readonly limit: number
}

/** Of one campaign in the order of its audience, else of the whole workspace, newest first: each along an index. */
export const listVariants = (
  db: Db,
  workspaceId: string,
  filter: VariantFilter,
  { after, limit }: VariantPage,
): Promise<VariantRow[]> =>
  db
    .selectFrom('variants')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .$if(filter.status !== undefined, (q) => q.where('status', '=', filter.status!))
    .$if(filter.segment_key !== undefined, (q) => q.where('segment_key', '=', filter.segment_key!))
    .$if(filter.locale !== undefined, (q) => q.where('locale', '=', filter.locale!))
    .$if(filter.search !== undefined, (q) => q.where(sql<boolean>`strpos(lower(segment_key), lower(${filter.search!})) > 0`))
    .$if(filter.format !== undefined, (q) =>
      q.where(sql<boolean>`exists (select from renditions r where r.variant_id = variants.id and r.format = ${filter.format!})`),
    )
    .$if(filter.campaign_id !== undefined, (q) =>
      q
        .where('campaign_id', '=', filter.campaign_id!)
        .$if(after !== undefined, (r) => r.where(sql<boolean>`(position, id) > (${after!.position}::bigint, ${after!.id})`))
        .orderBy('position')
        .orderBy('id'),
    )
    .$if(filter.campaign_id === undefined, (q) =>
      q.$if(after !== undefined, (r) => r.where('id', '<', after!.id)).orderBy('id', 'desc'),
    )
    .limit(limit)
    .execute()

export const findVariant = (db: Db, workspaceId: string, id: string): Promise<VariantRow | undefined> =>
  db.selectFrom('variants').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()

/** In the order of ids, so that two who settle the same variants wait for each other instead of deadlocking. */
export const lockVariants = (db: Db, ids: readonly string[]): Promise<VariantRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('variants')
        .selectAll()
        .where('id', 'in', [...ids])
        .orderBy('id')
        .forNoKeyUpdate()
        .execute()

export interface VariantChange {
  readonly id: string
  readonly status: string
  readonly error: { readonly code: string; readonly message: string } | null
}

/** Of variants that the caller has locked; one statement. */
export async function changeVariants(db: Db, changes: readonly VariantChange[]): Promise<void> {
  if (changes.length === 0) return
  await sql`
    update variants v set status = t.status, error = t.error::jsonb, updated_at = clock_timestamp()
    from unnest(${changes.map((c) => c.id)}::text[], ${changes.map((c) => c.status)}::text[],
      ${changes.map((c) => (c.error ? JSON.stringify(c.error) : null))}::text[]) as t (id, status, error)
    where v.id = t.id`.execute(db)
}

/** Opens a failed variant again, as its next revision. Of a variant that the caller has locked. */
export async function reopenVariant(db: Db, id: string, status: string): Promise<void> {
  await db
    .updateTable('variants')
    .set({ status, error: null, revision: sql`revision + 1`, updated_at: sql`clock_timestamp()` })
    .where('id', '=', id)
    .execute()
}

/** The first of its files is being worked on. */
export async function beginVariant(db: Db, id: string): Promise<void> {
  await db
    .updateTable('variants')
    .set({ status: 'rendering', updated_at: sql`clock_timestamp()` })
    .where('id', '=', id)
    .where('status', '=', 'planned')
    .execute()
}

/** Open variants of cancelled campaigns, locked; others' locks are left for the next pass. */
export async function lockOpenOfCancelled(
  db: Db,
  open: readonly string[],
  limit: number,
): Promise<{ id: string; campaign_id: string }[]> {
  const { rows } = await sql<{ id: string; campaign_id: string }>`
    select v.id, v.campaign_id from campaigns c join variants v on v.campaign_id = c.id and v.status = any(${[...open]})
    where c.status = 'cancelled' order by v.id limit ${limit} for no key update of v skip locked`.execute(db)
  return rows
}

/** Variants with a rendition that waits for a shot which no model could make, locked. */
export async function lockStranded(db: Db, limit: number): Promise<{ id: string }[]> {
  const { rows } = await sql<{ id: string }>`
    select v.id from variants v where v.id in (
      select r.variant_id from shots s join campaigns c on c.id = s.campaign_id
      join renditions r on r.campaign_id = s.campaign_id and r.shot_ids @> array[s.id] and r.status = 'waiting' and r.due_at = 'infinity'
      where s.error is not null and c.status = 'rendering' limit ${limit})
    order by v.id for no key update skip locked`.execute(db)
  return rows
}
