/** A workspace's own formats. */
import type { Selectable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type FormatRow = Selectable<Tables['formats']>

export const listFormats = (db: Db, workspaceId: string): Promise<FormatRow[]> =>
  db.selectFrom('formats').selectAll().where('workspace_id', '=', workspaceId).orderBy('id').execute()

/** Adds a format, or replaces the workspace's own one of that id. */
export async function putFormat(db: Db, row: Pick<FormatRow, 'workspace_id' | 'id' | 'spec'>): Promise<void> {
  await db
    .insertInto('formats')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['workspace_id', 'id']).doUpdateSet((eb) => ({ spec: eb.ref('excluded.spec'), updated_at: eb.fn('now') })),
    )
    .execute()
}

/** @returns false when the workspace has no format of its own with that id */
export async function deleteFormat(db: Db, workspaceId: string, id: string): Promise<boolean> {
  const result = await db.deleteFrom('formats').where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows > 0n
}
