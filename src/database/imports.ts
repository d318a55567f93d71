/**
 * An import: rows are copied into a temporary table with their faults beside them, then checked and moved set by set.
 * All of it is one transaction on one connection.
 */
import { sql, type Insertable, type Selectable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type ImportRow = Selectable<Tables['imports']>

/** Columns of the staging table, in the order of a COPY line. A row with n faults has n lines. */
export const stageTarget =
  'import_stage (row_number, key, locale, attributes, fault_column, fault_code, fault_message, fault_value)'

/** For this transaction only; not logged, so that it costs little more than the parsing. */
export async function createStage(db: Db): Promise<void> {
  await sql`
    create temporary table import_stage (
      line bigint generated always as identity, row_number bigint not null, key text not null, locale text not null, attributes jsonb not null,
      fault_column text, fault_code text, fault_message text, fault_value text
    ) on commit drop`.execute(db)
}

/** Refuses every row whose key stood in an earlier one. @returns how many */
export async function refuseDuplicates(db: Db): Promise<number> {
  await sql`analyze import_stage`.execute(db)
  const result = await sql`
    with firsts as (
      select key, min(row_number) as row_number from import_stage where fault_code is null group by key having count(*) > 1)
    update import_stage s set fault_column = 'key', fault_code = 'duplicate_key', fault_value = left(s.key, 100),
      fault_message = 'The key stands in row ' || f.row_number || ' already; every segment needs one of its own.'
    from firsts f where f.key = s.key and s.row_number > f.row_number and s.fault_code is null`.execute(db)
  return Number(result.numAffectedRows ?? 0)
}

interface Target {
  readonly audienceId: string
  readonly workspaceId: string
  /** The revision that the import makes. */
  readonly revision: number
}

/** Makes the staged rows the whole revision. A segment that did not change keeps its row. */
export async function replaceSegments(db: Db, { audienceId, workspaceId, revision }: Target): Promise<void> {
  await sql`
    update segments c set revision_to = ${revision}
    where c.audience_id = ${audienceId} and c.revision_to is null and not exists (
      select from import_stage s where s.fault_code is null
        and s.key = c.key and s.row_number = c.position and s.locale = c.locale and s.attributes = c.attributes)`.execute(db)
  await sql`
    insert into segments (audience_id, key, revision_from, workspace_id, locale, attributes, position)
    select ${audienceId}, s.key, ${revision}, ${workspaceId}, s.locale, s.attributes, s.row_number
    from import_stage s where s.fault_code is null and not exists (
      select from segments c where c.audience_id = ${audienceId} and c.key = s.key and c.revision_to is null)
    order by s.row_number`.execute(db)
}

/** Adds the staged rows to the revision; a known key gets its new values and keeps its place. */
export async function upsertSegments(db: Db, { audienceId, workspaceId, revision }: Target): Promise<void> {
  await sql`
    update segments c set revision_to = ${revision} from import_stage s
    where c.audience_id = ${audienceId} and c.revision_to is null and s.fault_code is null and s.key = c.key
      and (s.locale <> c.locale or s.attributes <> c.attributes)`.execute(db)
  await sql`
    insert into segments (audience_id, key, revision_from, workspace_id, locale, attributes, position)
    select ${audienceId}, s.key, ${revision}, ${workspaceId}, s.locale, s.attributes, coalesce(closed.position, newest.position + s.row_number)
    from import_stage s
      left join segments closed on closed.audience_id = ${audienceId} and closed.key = s.key and closed.revision_to = ${revision}
      cross join (select coalesce(max(position), 0) as position from segments where audience_id = ${audienceId}) newest
    where s.fault_code is null and not exists (
      select from segments c where c.audience_id = ${audienceId} and c.key = s.key and c.revision_to is null)
    order by s.row_number`.execute(db)
}

export async function countSegments(db: Db, audienceId: string): Promise<number> {
  const row = await db
    .selectFrom('segments')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('audience_id', '=', audienceId)
    .where('revision_to', 'is', null)
    .executeTakeFirstOrThrow()
  return row.count
}

/**
 * Deletes closed rows that no open campaign reads. The revision before the newest is always kept: a campaign that is being
 * created just now may have read its number.
 */
export async function pruneSegments(db: Db, audienceId: string, revision: number): Promise<void> {
  await sql`
    delete from segments s where s.audience_id = ${audienceId} and s.revision_to < ${revision} and not exists (
      select from campaigns c where c.audience_id = ${audienceId} and c.status not in ('completed', 'cancelled')
        and c.audience_revision >= s.revision_from and c.audience_revision < s.revision_to)`.execute(db)
}

/** Keeps the faults of the staged rows, in the order of the file. */
export async function keepFaults(db: Db, importId: string): Promise<void> {
  await sql`
    insert into import_errors (import_id, position, row_number, column_name, code, message, value)
    select ${importId}, row_number() over (order by row_number, line), row_number, fault_column, fault_code, fault_message, fault_value
    from import_stage where fault_code is not null`.execute(db)
}

export const insertImport = (db: Db, row: Insertable<Tables['imports']>): Promise<ImportRow> =>
  db.insertInto('imports').values(row).returningAll().executeTakeFirstOrThrow()

export const findImport = (db: Db, workspaceId: string, id: string): Promise<ImportRow | undefined> =>
  db.selectFrom('imports').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()

export const importErrorPage = (db: Db, importId: string, { after, limit }: { after: number; limit: number }) =>
  db
    .selectFrom('import_errors')
    .selectAll()
    .where('import_id', '=', importId)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute()
