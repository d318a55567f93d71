/** Workspaces, their API keys, and the log of who did what. */
import type { Json } from '#src/contracts/json.ts'
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type WorkspaceRow = Selectable<Tables['workspaces']>
export type ApiKeyRow = Selectable<Tables['api_keys']>
export type AuditRow = Selectable<Tables['audit_log']>

export interface RowPage {
  /** Rows with a smaller id. */
  readonly before: string | undefined
  readonly limit: number
}

export const insertWorkspace = (db: Db, row: Insertable<Tables['workspaces']>): Promise<WorkspaceRow> =>
  db.insertInto('workspaces').values(row).returningAll().executeTakeFirstOrThrow()

export const listWorkspaces = (db: Db, { before, limit }: RowPage): Promise<WorkspaceRow[]> =>
  db
    .selectFrom('workspaces')
    .selectAll()
    .where('deleted_at', 'is', null)
    .$if(before !== undefined, (q) => q.where('id', '<', before!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

export const findWorkspace = (db: Db, id: string): Promise<WorkspaceRow | undefined> =>
  db.selectFrom('workspaces').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst()

export const findWorkspaceByName = (db: Db, name: string): Promise<WorkspaceRow | undefined> =>
  db
    .selectFrom('workspaces')
    .selectAll()
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .executeTakeFirst()

export const updateWorkspace = (
  db: Db,
  id: string,
  changes: Updateable<Tables['workspaces']>,
): Promise<WorkspaceRow | undefined> =>
  db
    .updateTable('workspaces')
    .set({ ...changes, updated_at: new Date() })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returningAll()
    .executeTakeFirst()

export const insertKey = (db: Db, row: Insertable<Tables['api_keys']>): Promise<ApiKeyRow> =>
  db.insertInto('api_keys').values(row).returningAll().executeTakeFirstOrThrow()

export const listKeys = (db: Db, workspaceId: string, { before, limit }: RowPage): Promise<ApiKeyRow[]> =>
  db
    .selectFrom('api_keys')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('revoked_at', 'is', null)
    .$if(before !== undefined, (q) => q.where('id', '<', before!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

/** A key in use, of a workspace in use. */
export const findKeyByDigest = (db: Db, digest: Buffer): Promise<ApiKeyRow | undefined> =>
  db
    .selectFrom('api_keys')
    .innerJoin('workspaces', 'workspaces.id', 'api_keys.workspace_id')
    .selectAll('api_keys')
    .where('key_sha256', '=', digest)
    .where('revoked_at', 'is', null)
    .where('workspaces.deleted_at', 'is', null)
    .executeTakeFirst()

export async function touchKey(db: Db, id: string, at: Date): Promise<void> {
  await db.updateTable('api_keys').set({ last_used_at: at }).where('id', '=', id).execute()
}

export const revokeKeys = async (
  db: Db,
  where: { readonly workspaceId: string; readonly id?: string },
  at: Date,
): Promise<number> => {
  const result = await db
    .updateTable('api_keys')
    .set({ revoked_at: at })
    .where('workspace_id', '=', where.workspaceId)
    .$if(where.id !== undefined, (q) => q.where('id', '=', where.id!))
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

export interface AuditEntry {
  readonly id: string
  readonly workspaceId: string
  readonly actor: string
  /** e.g. campaign.launched */
  readonly action: string
  /** The id it was done to. */
  readonly subject: string
  /** No secrets and no personal values. */
  readonly details?: Readonly<Record<string, Json>>
  readonly requestId?: string | undefined
}

/** Call it in the transaction of what it tells of. */
export async function recordAudit(db: Db, entry: AuditEntry): Promise<void> {
  const { id, workspaceId, actor, action, subject, details, requestId } = entry
  await db
    .insertInto('audit_log')
    .values({
      id,
      workspace_id: workspaceId,
      actor,
      action,
      subject,
      details: { ...details },
      request_id: requestId ?? null,
    })
    .execute()
}

export const listAudit = (db: Db, workspaceId: string, { before, limit }: RowPage): Promise<AuditRow[]> =>
  db
    .selectFrom('audit_log')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .$if(before !== undefined, (q) => q.where('id', '<', before!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
