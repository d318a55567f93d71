/** Who did what to a campaign, written in the transaction in which it was done. */
import { recordAudit } from '#src/database/workspaces.ts'
import type { NewId } from '../ids.ts'
import type { Scope } from '../scope.ts'

export type Audit = (scope: Scope, action: string, subject: string) => Promise<void>

export const createAudit =
  (ids: NewId): Audit =>
  async ({ db, workspaceId, actor, requestId }, action, subject) =>
    await recordAudit(db, { id: ids('audit'), workspaceId, actor, action, subject, requestId })
