/**
 * Whose work is being done, and in which transaction. Every service method takes a Scope first, so that no query can
 * forget the workspace, and so that a caller decides what is one transaction (an idempotent POST puts its stored
 * answer into the same one).
 */
import type { Db } from '#src/database/client.ts'

export interface Scope {
  readonly workspaceId: string
  /** The pool, or a transaction. */
  readonly db: Db
  /** Id of the API key, or `system`. Goes to the audit log. */
  readonly actor: string
  readonly requestId?: string
}
