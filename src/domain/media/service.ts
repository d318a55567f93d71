/** The media library: logos, images, fonts and music. What a file is, its bytes decide. */
import { transaction } from '#src/database/client.ts'
import * as rows from '#src/database/media.ts'
import { invalid, notFound, ServiceError, Terminal } from '#src/errors.ts'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { NewId } from '../ids.ts'
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.ts'
import type { Scope } from '../scope.ts'
import { acceptedTypes, cleanName, headBytes, maxUploadBytes, sniff, type MediaType } from './rules.ts'

interface Dependencies {
  readonly ids: NewId
  readonly store: {
    put(key: string, body: Readable, options: { mediaType: string }): Promise<{ bytes: number; sha256: string }>
    delete(key: string): Promise<void>
  }
  /** Opens a hostile image somewhere safe. @throws Terminal `bad_media` */
  readonly inspectImage: (path: string) => Promise<{ width: number; height: number }>
  readonly link: (file: { id: string; link_version: number; file_name: string }) => string
  /** An existing folder for uploads that are being looked at. */
  readonly tempDir: string
}

interface Facts extends MediaType {
  readonly width: number | null
  readonly height: number | null
}

export function createMedia({ ids, store, inspectImage, link, tempDir }: Dependencies) {
  async function inspect(path: string): Promise<Facts> {
    const type = sniff(await headOf(path))
    if (!type) throw refused(`The bytes are none of: ${acceptedTypes.join(', ')}.`)
    if (type.kind !== 'image') return { ...type, width: null, height: null }
    try {
      const { width, height } = await inspectImage(path)
      return { ...type, width, height }
    } catch (error) {
      if (error instanceof Terminal) throw refused(`The image cannot be used: ${error.message}`)
      throw error
    }
  }

  /** The object is written first: a row never names bytes that are not there. */
  async function keep(scope: Scope, path: string, name: string, facts: Facts): Promise<string> {
    const { workspaceId } = scope
    const [id, fileId] = [ids('media'), ids('file')]
    const objectKey = `${workspaceId}/media/${fileId}`
    const { bytes, sha256 } = await store.put(objectKey, createReadStream(path), { mediaType: facts.mediaType })
    const { kind, mediaType, width, height } = facts
    const file = {
      id: fileId,
      workspace_id: workspaceId,
      object_key: objectKey,
      kind: 'media' as const,
      media_type: mediaType,
      file_name: name,
      bytes,
      sha256,
    }
    try {
      await transaction(scope.db, (trx) =>
        rows.insertMedia(trx, { id, workspace_id: workspaceId, file_id: fileId, kind, name, width, height }, file),
      )
    } catch (error) {
      await store.delete(objectKey)
      throw error
    }
    return id
  }

  async function get(scope: Scope, id: string): Promise<MediaResource> {
    const row = await rows.findMedia(scope.db, scope.workspaceId, id)
    if (!row) throw notFound('medium', id)
    return present(row, link)
  }

  return {
    get,

    /**
     * Takes an upload in bounded memory. The scope's db is the pool: nothing is locked while bytes arrive.
     * @throws payload_too_large; invalid for bytes of another type, or an image that cannot be opened
     */
    async create(scope: Scope, { fileName, body }: { fileName: string; body: Readable }): Promise<MediaResource> {
      const folder = await mkdtemp(join(tempDir, 'upload-'))
      try {
        const path = join(folder, 'file')
        await pipeline(body, atMost(maxUploadBytes), createWriteStream(path))
        const id = await keep(scope, path, cleanName(fileName), await inspect(path))
        return await get(scope, id)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },

    async list(scope: Scope, page: PageRequest & { kind?: MediaResource['kind'] | undefined }): Promise<Page<MediaResource>> {
      const options = { before: decodeCursor(page.cursor), limit: page.limit + 1, kind: page.kind }
      const found = await rows.listMedia(scope.db, scope.workspaceId, options)
      return pageOf(
        found,
        page,
        (row) => row.id,
        (row) => present(row, link),
      )
    },

    /** Plans that copied it keep the file. @throws not_found */
    async delete(scope: Scope, id: string): Promise<void> {
      if (!(await rows.deleteMedia(scope.db, scope.workspaceId, id))) throw notFound('medium', id)
    },
  }
}

export type MediaLibrary = ReturnType<typeof createMedia>
export type MediaResource = ReturnType<typeof present>

const refused = (message: string): ServiceError => invalid([{ pointer: '/file', code: 'bad_media', message }])

async function headOf(path: string): Promise<Buffer> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
  return buffer.subarray(0, bytesRead)
}

function atMost(bytes: number): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (seen <= bytes) done(null, chunk)
      else done(new ServiceError('payload_too_large', `A file may have ${bytes / 1024 / 1024} MiB at most.`))
    },
  })
}

const present = (row: rows.MediaRow, link: Dependencies['link']) => ({
  id: row.id,
  object: 'media' as const,
  kind: row.kind,
  name: row.name,
  media_type: row.media_type,
  bytes: row.bytes,
  sha256: row.sha256,
  width: row.width,
  height: row.height,
  seconds: row.seconds,
  url: link({ id: row.file_id, link_version: row.link_version, file_name: row.file_name }),
  metadata: row.metadata,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})
