/**
 * Files: a row for every object that something names, and the links to them. A link is a capability: it answers without
 * a key until it expires, is revoked or the file is removed; a file of a variant that waits for approval also needs a
 * key with `review`.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Readable } from 'node:stream'
import { type Selectable, sql } from 'kysely'
import type { Db } from '#src/database/client.ts'
import type { Tables } from '#src/database/tables.ts'
import { ServiceError } from '#src/errors.ts'
import type { NewId } from '../ids.ts'
import type { Scope } from '../scope.ts'
import { capabilityText, expiryOf, parseToken } from './rules.ts'

export type FileRow = Selectable<Tables['files']>

export interface NewFile {
  readonly objectKey: string
  readonly kind: FileRow['kind']
  readonly mediaType: string
  /** What a browser saves it as. */
  readonly fileName: string
  readonly bytes: number
  /** hex */
  readonly sha256: string
  /** Set for a variant's own files: their links answer only while that variant may be seen. */
  readonly variantId?: string | null
}

/** What files need of an object store. */
export interface FileStore {
  get(key: string, options?: { range?: { start: number; end: number } }): Promise<{ body: Readable; bytes: number }>
  presign(key: string, options: { seconds: number; mediaType: string; fileName: string }): Promise<string | undefined>
}

export interface OpenedFile {
  readonly file: FileRow
  /** The bytes, or an inclusive range of them. */
  stored(range?: { start: number; end: number }): Promise<{ body: Readable; bytes: number }>
  /** The body of `stored`. */
  read(range?: { start: number; end: number }): Promise<Readable>
  /** A link into the object store that works for an hour; undefined where the API has to stream. */
  presign(): Promise<string | undefined>
}

interface Dependencies {
  readonly db: Db
  readonly store: FileStore
  readonly newId: NewId
  /** Deterministic and unguessable; base64url. */
  readonly sign: (text: string) => string
  /** With or without a slash at the end. */
  readonly publicUrl: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly linkDays: number
}

type FileScope = Pick<Scope, 'db' | 'workspaceId'>

const presignedSeconds = 3600
const notThere = () => new ServiceError('not_found', 'There is no file behind this link.')
const digest = (text: string) => createHash('sha256').update(text).digest()

export function createFiles({ db, store, newId, sign, publicUrl, now, linkDays }: Dependencies) {
  const base = publicUrl.replace(/\/+$/, '')

  /** Absolute, and the same all day. */
  function link(file: Pick<FileRow, 'id' | 'link_version' | 'file_name'>): string {
    const text = capabilityText({ fileId: file.id, expiresAt: expiryOf(now(), linkDays), version: file.link_version })
    return `${base}/v1/files/${text}.${sign(text)}/${encodeURIComponent(file.file_name)}`
  }

  /** Digests are compared, so that the time says nothing about where two signatures differ, or their lengths. */
  function checked(token: string) {
    const parsed = parseToken(token)
    if (!parsed || !timingSafeEqual(digest(sign(parsed.text)), digest(parsed.signature))) throw notThere()
    if (parsed.capability.expiresAt * 1000 <= now()) {
      throw new ServiceError('link_expired', 'The link has expired. Read the resource again for a fresh one.')
    }
    return parsed.capability
  }

  async function stored(file: FileRow, range?: { start: number; end: number }) {
    try {
      const { body, bytes } = await store.get(file.object_key, range ? { range } : {})
      return { body, bytes }
    } catch (error) {
      if ((error as Error).name !== 'ObjectMissing') throw error
      throw new ServiceError('not_found', 'The file’s bytes are no longer in the object store.', { cause: error })
    }
  }

  /**
   * @param reviewer the workspace of a key with the scope `review` that came with the request
   * @throws not_found, link_expired (expired, revoked, removed), forbidden (waits for approval)
   */
  async function open(token: string, { reviewer }: { reviewer?: { workspaceId: string } } = {}): Promise<OpenedFile> {
    const { fileId, version } = checked(token)
    const file = await db.selectFrom('files').selectAll().where('id', '=', fileId).executeTakeFirst()
    if (!file) throw notThere()
    if (file.removed_at) throw new ServiceError('link_expired', 'The file was removed.')
    if (file.link_version !== version) throw new ServiceError('link_expired', 'The link was revoked.')
    if (file.workspace_id !== reviewer?.workspaceId && !(await mayBeSeen(db, file))) {
      throw new ServiceError(
        'forbidden',
        'The file waits for approval. Until then its link needs an API key with the scope "review".',
      )
    }
    return {
      file,
      stored: (range) => stored(file, range),
      read: async (range) => (await stored(file, range)).body,
      presign: () =>
        store.presign(file.object_key, { seconds: presignedSeconds, mediaType: file.media_type, fileName: file.file_name }),
    }
  }

  /** One statement for all, in the transaction that makes them visible: a worker that dies before it leaves no row. */
  async function recordAll(scope: FileScope, files: readonly NewFile[]): Promise<FileRow[]> {
    if (files.length === 0) return []
    const rows = files.map((file) => ({ id: newId('file'), workspace_id: scope.workspaceId, ...columnsOf(file) }))
    return scope.db.insertInto('files').values(rows).returningAll().execute()
  }

  const own = (scope: FileScope, ids: readonly string[]) =>
    scope.db
      .updateTable('files')
      .where('workspace_id', '=', scope.workspaceId)
      .where('id', 'in', [...ids])

  return {
    link,
    open,
    recordAll,
    record: async (scope: FileScope, file: NewFile): Promise<FileRow> => (await recordAll(scope, [file]))[0]!,
    /** Every link to these files that was given out stops working; `link` gives new ones. */
    async revoke(scope: FileScope, ids: readonly string[]): Promise<void> {
      if (ids.length > 0)
        await own(scope, ids)
          .set({ link_version: sql`link_version + 1` })
          .execute()
    },
    /** Links stop working; deleting the objects is up to the caller, after its commit. */
    async remove(scope: FileScope, ids: readonly string[]): Promise<void> {
      if (ids.length > 0)
        await own(scope, ids)
          .set({ removed_at: sql`now()` })
          .where('removed_at', 'is', null)
          .execute()
    },
  }
}

export type Files = ReturnType<typeof createFiles>

const columnsOf = (file: NewFile) => ({
  object_key: file.objectKey,
  kind: file.kind,
  media_type: file.mediaType,
  file_name: file.fileName,
  bytes: file.bytes,
  sha256: file.sha256,
  variant_id: file.variantId ?? null,
})

/**
 * A file may be seen without a key when a campaign that has it asks for no review of it, or once a reviewer approved
 * exactly this file. A variant that was approved and then made again has new files, which nobody has approved yet.
 */
async function mayBeSeen(db: Db, file: FileRow): Promise<boolean> {
  if (file.approved_at !== null) return true
  if (file.variant_id !== null) return await needsNoReview(db, file.variant_id)
  return file.kind !== 'clip' || (await isOpenClip(db, file.id))
}

/** With `clips`, a rendition is only composed from clips that were approved. */
async function needsNoReview(db: Db, variantId: string): Promise<boolean> {
  const seen = await db
    .selectFrom('variants')
    .innerJoin('campaigns', 'campaigns.id', 'variants.campaign_id')
    .select('variants.id')
    .where('variants.id', '=', variantId)
    .where(sql<boolean>`campaigns.settings ->> 'review' in ('none', 'clips')`)
    .executeTakeFirst()
  return seen !== undefined
}

/** A clip is shared by campaigns: one without review opens it. */
async function isOpenClip(db: Db, fileId: string): Promise<boolean> {
  const { rows } = await sql<{ open: boolean }>`
    select coalesce(bool_or(c.settings ->> 'review' = 'none'), true) as open
    from generations g join shots s on s.generation_id = g.id join campaigns c on c.id = s.campaign_id
    where g.clip_file_id = ${fileId}`.execute(db)
  return rows[0]?.open ?? true
}
