/** A workspace row and the Scope to act in it. */
import type { Db } from '#src/database/client.ts'
import { createIds, type NewId } from '#src/domain/ids.ts'
import type { Scope } from '#src/domain/scope.ts'

/** Ids as in production. */
export const newId: NewId = createIds(Date.now, (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>))

export async function createTestWorkspace(db: Db, name = 'test'): Promise<Scope> {
  const workspaceId = newId('workspace')
  await db.insertInto('workspaces').values({ id: workspaceId, name }).execute()
  return { workspaceId, db, actor: 'system' }
}
