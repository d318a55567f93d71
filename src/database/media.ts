/** Media: uploaded files with what is known of them. */
import { sql, type Insertable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

const joined = (db: Db) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .selectAll('media')
    .select(['files.object_key', 'files.media_type', 'files.bytes', 'files.sha256', 'files.file_name', 'files.link_version'])

/** A medium and its file. */
export type MediaRow = Awaited<ReturnType<ReturnType<typeof joined>['executeTakeFirstOrThrow']>>

export async function insertMedia(db: Db, media: Insertable<Tables['media']>, file: Insertable<Tables['files']>): Promise<void> {
  await db.insertInto('files').values(file).execute()
  await db.insertInto('media').values(media).execute()
}

export const findMedia = (db: Db, workspaceId: string, id: string): Promise<MediaRow | undefined> =>
  joined(db)
    .where('media.workspace_id', '=', workspaceId)
    .where('media.id', '=', id)
    .where('media.deleted_at', 'is', null)
    .executeTakeFirst()

/** Those of the ids that exist, deleted ones left out. */
export async function findMediaByIds(db: Db, workspaceId: string, ids: readonly string[]): Promise<MediaRow[]> {
  if (ids.length === 0) return []
  return await joined(db)
    .where('media.workspace_id', '=', workspaceId)
    .where(sql<boolean>`media.id = any(${[...ids]})`)
    .where('media.deleted_at', 'is', null)
    .execute()
}

export const listMedia = (
  db: Db,
  workspaceId: string,
  { before, limit, kind }: { before?: string | undefined; limit: number; kind?: MediaRow['kind'] | undefined },
): Promise<MediaRow[]> =>
  joined(db)
    .where('media.workspace_id', '=', workspaceId)
    .where('media.deleted_at', 'is', null)
    .$if(before !== undefined, (q) => q.where('media.id', '<', before!))
    .$if(kind !== undefined, (q) => q.where('media.kind', '=', kind!))
    .orderBy('media.id', 'desc')
    .limit(limit)
    .execute()

/** The file stays for the plans that copied it. @returns false when there is no such medium */
export async function deleteMedia(db: Db, workspaceId: string, id: string): Promise<boolean> {
  const result = await db
    .updateTable('media')
    .set({ deleted_at: sql`now()`, updated_at: sql`now()` })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}
