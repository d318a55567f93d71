/** The object store of one machine: a folder whose files are the objects, under their keys. */
import { open, opendir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pruneTemporary, writeAtomically } from './atomic-file.ts'
import { segmentsOf } from './keys.ts'
import { mediaTypeOf } from './media-types.ts'
import { roundTrip } from './round-trip.ts'
import { ObjectMissing, RangeOutside } from './storage.ts'
import type { ByteRange, ObjectStore } from './storage.ts'

/** Names that begin with a dot cannot be keys, so these never meet an object. */
const temporaryName = '.tmp'
const typesName = '.types'

const missing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'EISDIR', 'ERR_FS_EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Folders that a deletion emptied go too; one that is not empty, or is gone already, ends the walk. */
async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let path = folder; path.length > root.length; path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}

/** Depth first, one open folder per level: a million files cost no memory. */
async function* walk(folder: string, key: string): AsyncIterable<string> {
  const entries = await opendir(folder).catch((error: unknown) => {
    if (missing(error)) return []
    throw error
  })
  for await (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) yield* walk(join(folder, entry.name), `${key}${entry.name}/`)
    else if (entry.isFile()) yield key + entry.name
  }
}

function clamp(range: ByteRange | undefined, size: number): ByteRange | undefined {
  if (!range) return undefined
  if (range.start >= size || range.end < range.start) throw new RangeOutside(range, size)
  return { start: range.start, end: Math.min(range.end, size - 1) }
}

/**
 * @param root made when it is not there; everything in it belongs to the store
 * @param now milliseconds since the epoch
 */
export function createFolderStore({ root: given, now = Date.now }: { root: string; now?: () => number }): ObjectStore {
  const root = resolve(given)
  const temporaryFolder = join(root, temporaryName)
  const pathOf = (key: string) => join(root, ...segmentsOf(key))
  const typePathOf = (key: string) => join(root, typesName, ...segmentsOf(key))

  async function writeType(key: string, mediaType: string) {
    if (mediaType === mediaTypeOf(key)) return
    await writeAtomically(typePathOf(key), Readable.from([Buffer.from(mediaType)]), { temporaryFolder })
  }
  const readType = (key: string) => readFile(typePathOf(key), 'utf8').catch(() => mediaTypeOf(key))
  async function dropType(key: string) {
    const path = typePathOf(key)
    await rm(path, { force: true }).catch(() => undefined)
    await removeEmptyFolders(dirname(path), root)
  }

  const store: Omit<ObjectStore, 'check'> = {
    /** The type is on the disk before the object is: a crash in between leaves a type that no object asks for. */
    async put(key, body, { mediaType, signal }) {
      const path = pathOf(key)
      await writeType(key, mediaType)
      const written = await writeAtomically(path, body, { temporaryFolder, signal })
      if (mediaType === mediaTypeOf(key)) await dropType(key)
      return written
    },
    /** One open file from size to last byte: an object that is replaced meanwhile is read as it was. */
    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted()
      const handle = await open(pathOf(key), 'r').catch((error: unknown) => {
        throw missing(error) ? new ObjectMissing(key, { cause: error }) : error
      })
      try {
        const facts = await handle.stat()
        if (!facts.isFile()) throw new ObjectMissing(key)
        const part = clamp(range, facts.size)
        const bytes = part ? part.end - part.start + 1 : facts.size
        const mediaType = await readType(key)
        return { bytes, mediaType, body: handle.createReadStream({ ...part, ...(signal && { signal }) }) }
      } catch (error) {
        await handle.close()
        throw error
      }
    },
    async head(key) {
      const facts = await stat(pathOf(key)).catch((error: unknown) => {
        if (missing(error)) return undefined
        throw error
      })
      return facts?.isFile() ? { bytes: facts.size, mediaType: await readType(key) } : undefined
    },
    async delete(key) {
      const path = pathOf(key)
      await rm(path, { force: true }).catch((error: unknown) => {
        if (!missing(error)) throw error
      })
      await dropType(key)
      await removeEmptyFolders(dirname(path), root)
    },
    async *list(prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
      const start = folder === '' ? root : join(root, ...segmentsOf(folder.slice(0, -1)))
      for await (const key of walk(start, folder)) {
        if (!key.startsWith(prefix)) continue
        const facts = await stat(join(root, key)).catch(() => undefined)
        if (facts) yield { key, bytes: facts.size, modifiedAt: facts.mtime }
      }
    },
    presign: () => Promise.resolve(undefined),
  }
  return {
    ...store,
    async check() {
      await pruneTemporary(temporaryFolder, now())
      await roundTrip(store)
    },
  }
}
