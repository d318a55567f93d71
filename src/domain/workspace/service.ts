/** Workspaces (tenants), their keys, and the log of who did what. */
import { type Db, transaction } from '#src/database/client.ts'
import { cancelCampaignsOf, clearBudgetPauses } from '#src/database/campaigns.ts'
import {
  type AuditRow,
  findKeyByDigest,
  findWorkspace,
  findWorkspaceByName,
  insertWorkspace,
  listAudit,
  listWorkspaces,
  recordAudit,
  revokeKeys,
  updateWorkspace,
  type WorkspaceRow,
} from '#src/database/workspaces.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import { sql } from 'kysely'
import { campaignTransitions } from '../campaign/rules.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import { sourcesOf } from '../transitions.ts'
import { digestOfKey } from './keys.ts'
import { defaultWorkspaceName, keyScopes } from './rules.ts'
import { createKeys, type KeyDependencies } from './service-keys.ts'

export interface WorkspaceInput {
  readonly name: string
  readonly budget_per_month_micro_usd?: number | null | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

export function createWorkspaces({ ids, now, random }: KeyDependencies) {
  const { insert: insertKey, ...keys } = createKeys({ ids, now, random })

  async function audit(scope: Scope, action: string, subject: string): Promise<void> {
    const { workspaceId, actor, requestId } = scope
    await recordAudit(scope.db, { id: ids('audit'), workspaceId, actor, action, subject, requestId })
  }

  async function insert(db: Db, input: WorkspaceInput): Promise<WorkspaceRow> {
    return await insertWorkspace(db, {
      id: ids('workspace'),
      name: input.name,
      budget_per_month_micro_usd: input.budget_per_month_micro_usd ?? null,
      metadata: { ...input.metadata },
    })
  }

  return {
    ...keys,

    /** For operators, like the four below: they see every workspace. */
    async create(scope: Scope, input: WorkspaceInput): Promise<WorkspaceResource> {
      const row = await insert(scope.db, input)
      await audit(scope, 'workspace.created', row.id)
      return present(row)
    },

    async list(scope: Scope, page: PageRequest): Promise<Page<WorkspaceResource>> {
      const rows = await listWorkspaces(scope.db, { before: decodeCursor(page.cursor), limit: page.limit + 1 })
      return pageOf(rows, page, (row) => row.id, present)
    },

    /** @throws not_found */
    async get(scope: Scope, id: string): Promise<WorkspaceResource> {
      const row = await findWorkspace(scope.db, id)
      if (!row) throw notFound('workspace', id)
      return present(row)
    },

    /** A higher monthly budget lets campaigns go on that had run into the old one. @throws not_found */
    async patch(scope: Scope, id: string, input: Partial<WorkspaceInput>): Promise<WorkspaceResource> {
      const changes = {
        ...(input.name !== undefined && { name: input.name }),
        ...(input.budget_per_month_micro_usd !== undefined && { budget_per_month_micro_usd: input.budget_per_month_micro_usd }),
        ...(input.metadata !== undefined && { metadata: { ...input.metadata } }),
      }
      const row = await updateWorkspace(scope.db, id, changes)
      if (!row) throw notFound('workspace', id)
      if (input.budget_per_month_micro_usd !== undefined) await clearBudgetPauses(scope.db, id)
      await audit(scope, 'workspace.changed', id)
      return present(row)
    },

    /**
     * Its keys stop working, its campaigns are cancelled and it is no longer listed; its rows stay for the books.
     * @throws not_found; conflict for the caller's own workspace
     */
    async delete(scope: Scope, id: string): Promise<void> {
      if (id === scope.workspaceId) {
        throw new ServiceError('conflict', 'A workspace cannot be deleted with a key of its own. Use a key of another one.')
      }
      const row = await updateWorkspace(scope.db, id, { deleted_at: new Date(now()) })
      if (!row) throw notFound('workspace', id)
      await revokeKeys(scope.db, { workspaceId: id }, new Date(now()))
      await cancelCampaignsOf(scope.db, id, sourcesOf(campaignTransitions, 'cancelled'))
      await audit(scope, 'workspace.deleted', id)
    },

    /**
     * Makes the workspace `default` and its operator key, when they are not there yet. Several processes may call it at once.
     * @param key any text of 32 characters or more
     */
    async bootstrap(
      db: Db,
      key: string,
    ): Promise<{ readonly workspaceId: string; readonly keyId: string; readonly created: boolean }> {
      return await transaction(db, async (trx) => {
        await sql`select pg_advisory_xact_lock(hashtextextended('spotsmith bootstrap', 0))`.execute(trx)
        const known = await findKeyByDigest(trx, digestOfKey(key))
        if (known) return { workspaceId: known.workspace_id, keyId: known.id, created: false }
        const workspace =
          (await findWorkspaceByName(trx, defaultWorkspaceName)) ?? (await insert(trx, { name: defaultWorkspaceName }))
        const row = await insertKey(trx, workspace.id, 'first key', keyScopes, key)
        return { workspaceId: workspace.id, keyId: row.id, created: true }
      })
    },

    /** Newest first. */
    async auditLog(scope: Scope, page: PageRequest): Promise<Page<AuditResource>> {
      const rows = await listAudit(scope.db, scope.workspaceId, { before: decodeCursor(page.cursor), limit: page.limit + 1 })
      return pageOf(rows, page, (row) => row.id, presentAudit)
    },
  }
}

export type Workspaces = ReturnType<typeof createWorkspaces>
export type WorkspaceResource = ReturnType<typeof present>
export type AuditResource = ReturnType<typeof presentAudit>

const present = (row: WorkspaceRow) => ({
  id: row.id,
  object: 'workspace' as const,
  name: row.name,
  budget_per_month_micro_usd: row.budget_per_month_micro_usd,
  metadata: row.metadata,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

const presentAudit = (row: AuditRow) => ({
  id: row.id,
  object: 'audit_entry' as const,
  actor: row.actor,
  action: row.action,
  subject: row.subject,
  details: row.details,
  request_id: row.request_id,
  created_at: row.created_at.toISOString(),
})
