/** Templates and their versions. A version is written once and never changed. */
import type { Json } from '#src/contracts/json.ts'
import { sql } from 'kysely'
import type { Db } from './client.ts'

const columns = ['id', 'name', 'metadata', 'created_at', 'updated_at', 'archived_at'] as const

const versioned = (db: Db, workspaceId: string) =>
  db
    .selectFrom('templates as t')
    .innerJoin('template_versions as v', 'v.template_id', 't.id')
    .select(columns.map((column) => `t.${column}` as const))
    .select(['v.version', 'v.spec', 't.version as newest'])
    .where('t.workspace_id', '=', workspaceId)

/** A template in one of its versions. */
export type TemplateRow = Awaited<ReturnType<ReturnType<typeof versioned>['executeTakeFirstOrThrow']>>

export interface TemplateValues {
  readonly id: string
  readonly workspaceId: string
  readonly name: string
  readonly spec: Json
  readonly metadata: Record<string, string>
}

export async function insertTemplate(db: Db, { id, workspaceId, name, spec, metadata }: TemplateValues): Promise<void> {
  await db.insertInto('templates').values({ id, workspace_id: workspaceId, name, metadata }).execute()
  await db.insertInto('template_versions').values({ template_id: id, version: 1, workspace_id: workspaceId, spec }).execute()
}

/** Makes the next version; the row's lock puts two of them in order. @returns false when there is no such template */
export async function insertNextVersion(db: Db, values: TemplateValues): Promise<boolean> {
  const row = await db
    .updateTable('templates')
    .set({ version: sql`version + 1`, name: values.name, metadata: values.metadata, updated_at: sql`clock_timestamp()` })
    .where('workspace_id', '=', values.workspaceId)
    .where('id', '=', values.id)
    .where('archived_at', 'is', null)
    .returning('version')
    .executeTakeFirst()
  if (!row) return false
  await db
    .insertInto('template_versions')
    .values({ template_id: values.id, version: row.version, workspace_id: values.workspaceId, spec: values.spec })
    .execute()
  return true
}

/** The named version, else the newest. */
export const findTemplate = (db: Db, workspaceId: string, id: string, version?: number): Promise<TemplateRow | undefined> =>
  versioned(db, workspaceId)
    .where('t.id', '=', id)
    .$if(version === undefined, (q) => q.whereRef('v.version', '=', 't.version'))
    .$if(version !== undefined, (q) => q.where('v.version', '=', version!))
    .executeTakeFirst()

/** Keeps other changes of the template out until the transaction ends, so that what is read before a change is still so at it. */
export async function lockTemplate(db: Db, workspaceId: string, id: string): Promise<void> {
  await db
    .selectFrom('templates')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .execute()
}

export const listTemplates = (
  db: Db,
  workspaceId: string,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<TemplateRow[]> =>
  versioned(db, workspaceId)
    .whereRef('v.version', '=', 't.version')
    .where('t.archived_at', 'is', null)
    .$if(before !== undefined, (q) => q.where('t.id', '<', before!))
    .orderBy('t.id', 'desc')
    .limit(limit)
    .execute()

export const listVersions = (
  db: Db,
  workspaceId: string,
  id: string,
  { before, limit }: { before?: number | undefined; limit: number },
) =>
  db
    .selectFrom('template_versions')
    .select(['template_id', 'version', 'spec', 'created_at'])
    .where('workspace_id', '=', workspaceId)
    .where('template_id', '=', id)
    .$if(before !== undefined, (q) => q.where('version', '<', before!))
    .orderBy('version', 'desc')
    .limit(limit)
    .execute()

/** @returns false when there is no such template, or it is archived already */
export async function archiveTemplate(db: Db, workspaceId: string, id: string): Promise<boolean> {
  const result = await db
    .updateTable('templates')
    .set({ archived_at: sql`now()`, updated_at: sql`now()` })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('archived_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}
