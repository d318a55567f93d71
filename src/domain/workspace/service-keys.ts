/** API keys: made, listed, revoked, and recognised. */
import type { Db } from '#src/database/client.ts'
import {
  type ApiKeyRow,
  findKeyByDigest,
  findWorkspace,
  insertKey,
  listKeys,
  recordAudit,
  revokeKeys,
  touchKey,
} from '#src/database/workspaces.ts'
import { invalid, notFound } from '#src/errors.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import { digestOfKey, newKey, type RandomBytes, shownPrefix } from './keys.ts'
import { checkGrant, scopeFaults } from './rules.ts'

/** A revoked key stops working within this, on every node. */
const cacheMs = 4000
const cacheEntries = 10_000
/** `last_used_at` is for people; one write a minute is enough. */
const touchMs = 60_000
const longestBearer = 512

export interface KeyHolder {
  readonly workspaceId: string
  readonly keyId: string
  readonly scopes: readonly string[]
}

export interface KeyInput {
  readonly name: string
  readonly scopes: readonly string[]
  /** Another workspace: for operators. */
  readonly workspace_id?: string | undefined
}

export interface KeyDependencies {
  readonly ids: NewId
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly random: RandomBytes
}

export function createKeys({ ids, now, random }: KeyDependencies) {
  const cache = new Map<string, { readonly holder: KeyHolder; readonly until: number }>()

  function remember(digest: string, holder: KeyHolder): KeyHolder {
    if (cache.size >= cacheEntries) cache.clear()
    cache.set(digest, { holder, until: now() + cacheMs })
    return holder
  }

  async function insert(db: Db, workspaceId: string, name: string, scopes: readonly string[], key: string): Promise<ApiKeyRow> {
    return await insertKey(db, {
      id: ids('apiKey'),
      workspace_id: workspaceId,
      name,
      prefix: shownPrefix(key),
      key_sha256: digestOfKey(key),
      scopes: [...scopes],
    })
  }

  return {
    insert,

    /**
     * @param granter the scopes of the caller's own key
     * @returns the key itself beside its description: it is shown this once and kept nowhere
     * @throws 422 for an unknown scope, forbidden beyond what the caller may give, not_found for another workspace
     */
    async createKey(scope: Scope, input: KeyInput, granter: readonly string[]) {
      const faults = scopeFaults(input.scopes)
      if (faults.length > 0) throw invalid(faults)
      const workspaceId = input.workspace_id ?? scope.workspaceId
      checkGrant(granter, { scopes: input.scopes, otherWorkspace: workspaceId !== scope.workspaceId })
      if (!(await findWorkspace(scope.db, workspaceId))) throw notFound('workspace', workspaceId)
      const key = newKey(random)
      const row = await insert(scope.db, workspaceId, input.name, [...new Set(input.scopes)], key)
      await audit(scope, 'api_key.created', row)
      return { ...present(row), key }
    },

    async listKeys(scope: Scope, page: PageRequest): Promise<Page<KeyResource>> {
      const rows = await listKeys(scope.db, scope.workspaceId, { before: decodeCursor(page.cursor), limit: page.limit + 1 })
      return pageOf(rows, page, (row) => row.id, present)
    },

    /** Revokes; takes effect within 5 s on every node. @throws not_found */
    async deleteKey(scope: Scope, id: string): Promise<void> {
      const revoked = await revokeKeys(scope.db, { workspaceId: scope.workspaceId, id }, new Date(now()))
      if (revoked === 0) throw notFound('API key', id)
      for (const [digest, { holder }] of cache) if (holder.keyId === id) cache.delete(digest)
      await audit(scope, 'api_key.revoked', { id })
    },

    /** @returns undefined for a key that is unknown or revoked, or whose workspace is gone */
    async authenticate(db: Db, bearer: string): Promise<KeyHolder | undefined> {
      if (bearer.length > longestBearer) return undefined
      const digest = digestOfKey(bearer)
      const cached = cache.get(digest.toString('base64'))
      if (cached && cached.until > now()) return cached.holder
      const row = await findKeyByDigest(db, digest)
      if (!row) return undefined
      if (now() - (row.last_used_at?.getTime() ?? 0) > touchMs) await touchKey(db, row.id, new Date(now()))
      return remember(digest.toString('base64'), { workspaceId: row.workspace_id, keyId: row.id, scopes: row.scopes })
    },
  }

  async function audit(scope: Scope, action: string, { id, name, scopes }: { id: string; name?: string; scopes?: string[] }) {
    const details = { ...(name !== undefined && { name }), ...(scopes && { scopes }) }
    const { workspaceId, actor, requestId } = scope
    await recordAudit(scope.db, { id: ids('audit'), workspaceId, actor, action, subject: id, details, requestId })
  }
}

export type KeyResource = ReturnType<typeof present>

const present = (row: ApiKeyRow) => ({
  id: row.id,
  object: 'api_key' as const,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  workspace_id: row.workspace_id,
  created_at: row.created_at.toISOString(),
  last_used_at: row.last_used_at?.toISOString() ?? null,
})
