/** Audiences. Their segments are in segments.ts. */
import { sql, type Selectable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type AudienceRow = Selectable<Tables['audiences']>

const living = (db: Db, workspaceId: string) =>
  db.selectFrom('audiences').selectAll().where('workspace_id', '=', workspaceId).where('deleted_at', 'is', null)

export const insertAudience = (
  db: Db,
  row: { id: string; workspace_id: string; name: string; metadata: Record<string, string> },
): Promise<AudienceRow> => db.insertInto('audiences').values(row).returningAll().executeTakeFirstOrThrow()

export const findAudience = (db: Db, workspaceId: string, id: string): Promise<AudienceRow | undefined> =>
  living(db, workspaceId).where('id', '=', id).executeTakeFirst()

/** Keeps imports, deletion and new campaigns out until the transaction ends. */
export const lockAudience = (db: Db, workspaceId: string, id: string): Promise<AudienceRow | undefined> =>
  living(db, workspaceId).where('id', '=', id).forUpdate().executeTakeFirst()

export const listAudiences = (
  db: Db,
  workspaceId: string,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<AudienceRow[]> =>
  living(db, workspaceId)
    .$if(before !== undefined, (q) => q.where('id', '<', before!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

/** Campaigns that still read the audience. */
export const campaignsUsing = (db: Db, audienceId: string): Promise<{ id: string; status: string }[]> =>
  db
    .selectFrom('campaigns')
    .select(['id', 'status'])
    .where('audience_id', '=', audienceId)
    .where('status', 'not in', ['completed', 'cancelled'])
    .orderBy('id')
    .limit(5)
    .execute()

/** The row stays for the campaigns that are over; nothing of a person stays. */
export async function deleteAudience(db: Db, id: string): Promise<void> {
  await db
    .updateTable('audiences')
    .set({ deleted_at: sql`now()`, segment_count: 0 })
    .where('id', '=', id)
    .execute()
  await db.deleteFrom('segments').where('audience_id', '=', id).execute()
  await forgetImportedValues(db, id)
}

/** Excerpts of refused rows may show what is to be forgotten. */
export async function forgetImportedValues(db: Db, audienceId: string): Promise<void> {
  await db
    .updateTable('import_errors')
    .set({ value: null })
    .where('import_id', 'in', (eb) => eb.selectFrom('imports').select('id').where('audience_id', '=', audienceId))
    .where('value', 'is not', null)
    .execute()
}

/** The audience's next revision. */
export async function setRevision(db: Db, id: string, revision: number, segmentCount: number): Promise<void> {
  await db
    .updateTable('audiences')
    .set({ revision, segment_count: segmentCount, updated_at: sql`clock_timestamp()` })
    .where('id', '=', id)
    .execute()
}
