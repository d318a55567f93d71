/** A workspace's brand kits. */
import type { Selectable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type BrandRow = Selectable<Tables['brands']>
type BrandValues = Pick<BrandRow, 'id' | 'workspace_id' | 'name' | 'spec'>

export const insertBrand = (db: Db, row: BrandValues): Promise<BrandRow> =>
  db.insertInto('brands').values(row).returningAll().executeTakeFirstOrThrow()

export const findBrand = (db: Db, workspaceId: string, id: string): Promise<BrandRow | undefined> =>
  db.selectFrom('brands').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()

/** Newest first. */
export function listBrands(
  db: Db,
  workspaceId: string,
  page: { before: string | undefined; limit: number },
): Promise<BrandRow[]> {
  let query = db.selectFrom('brands').selectAll().where('workspace_id', '=', workspaceId)
  if (page.before !== undefined) query = query.where('id', '<', page.before)
  return query.orderBy('id', 'desc').limit(page.limit).execute()
}

/** @returns undefined when there is no such kit */
export const updateBrand = (db: Db, { id, workspace_id, name, spec }: BrandValues): Promise<BrandRow | undefined> =>
  db
    .updateTable('brands')
    .set((eb) => ({ name, spec, updated_at: eb.fn('now') }))
    .where('workspace_id', '=', workspace_id)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

/** @returns false when there is no such kit */
export async function deleteBrand(db: Db, workspaceId: string, id: string): Promise<boolean> {
  const result = await db.deleteFrom('brands').where('workspace_id', '=', workspaceId).where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows > 0n
}
