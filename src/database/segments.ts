/** Segments by revision: a row is valid in revision_from <= r < revision_to (null: still). */
import { sql, type SqlBool } from 'kysely'
import type { Db } from './client.ts'

export interface SegmentRow {
  readonly key: string
  readonly locale: string
  readonly attributes: Record<string, string | number | boolean | null>
  readonly position: number
}

/** Segments of one revision in the order of the import. */
export const segmentPage = (
  db: Db,
  audienceId: string,
  { revision, after, limit }: { revision: number; after: number; limit: number },
): Promise<SegmentRow[]> =>
  db
    .selectFrom('segments')
    .select(['key', 'locale', 'attributes', 'position'])
    .where('audience_id', '=', audienceId)
    .where('revision_from', '<=', revision)
    .where((eb) => eb.or([eb('revision_to', 'is', null), eb('revision_to', '>', revision)]))
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute()

/** Which segments of a revision take part; every condition has to hold. */
export interface SegmentFilter {
  readonly locale?: readonly string[] | undefined
  readonly keys?: readonly string[] | undefined
  readonly attributes?: Readonly<Record<string, readonly (string | number | boolean)[]>> | undefined
}

/** A condition on `segments s`. An attribute matches by its text, for a CSV holds nothing but texts. */
export function matching(audienceId: string, revision: number, filter: SegmentFilter | null) {
  const conditions = [
    sql<SqlBool>`s.audience_id = ${audienceId} and s.revision_from <= ${revision} and (s.revision_to is null or s.revision_to > ${revision})`,
  ]
  // "es" takes es-ES and es-MX too.
  if (filter?.locale) {
    const tags = filter.locale.map((tag) => tag.toLowerCase())
    const regions = tags.map((tag) => `${tag.replace(/[\\%_]/g, '\\$&')}-%`)
    conditions.push(sql`(lower(s.locale) = any(${tags}) or lower(s.locale) like any(${regions}))`)
  }
  if (filter?.keys) conditions.push(sql`s.key = any(${[...filter.keys]})`)
  for (const [name, values] of Object.entries(filter?.attributes ?? {})) {
    conditions.push(sql`s.attributes ->> ${name} = any(${values.map(String)})`)
  }
  return sql.join(conditions, sql` and `)
}

/** Adds segments as part of revision 1 of a new audience; for the few that come inside a call. */
export async function insertSegments(
  db: Db,
  audienceId: string,
  workspaceId: string,
  segments: readonly SegmentRow[],
): Promise<void> {
  const rows = segments.map((segment) => ({ ...segment, audience_id: audienceId, workspace_id: workspaceId, revision_from: 1 }))
  if (rows.length > 0) await db.insertInto('segments').values(rows).execute()
}

/** @returns whether the audience's newest revision had it, or undefined when no revision knows the key */
export async function eraseSegment(db: Db, audienceId: string, key: string): Promise<{ current: boolean } | undefined> {
  const rows = await db
    .deleteFrom('segments')
    .where('audience_id', '=', audienceId)
    .where('key', '=', key)
    .returning('revision_to')
    .execute()
  return rows.length === 0 ? undefined : { current: rows.some((row) => row.revision_to === null) }
}

/** What plans said and showed about an erased row. */
export async function forgetInPlans(db: Db, audienceId: string, key: string): Promise<void> {
  await sql`
    delete from plan_invalid i using plans p, campaigns c
    where i.plan_id = p.id and p.campaign_id = c.id and c.audience_id = ${audienceId} and i.segment_key = ${key}`.execute(db)
  await sql`
    update plans p set result = jsonb_set(p.result, '{samples}', (
      select coalesce(jsonb_agg(sample), '[]') from jsonb_array_elements(p.result -> 'samples') sample
      where sample ->> 'segment_key' <> ${key}))
    from campaigns c
    where p.campaign_id = c.id and c.audience_id = ${audienceId}
      and p.result -> 'samples' @> ${JSON.stringify([{ segment_key: key }])}::jsonb`.execute(db)
}
