/**
 * Clips and media on the local disk, by their digest: a clip is shared by thousands of renditions and fetched once.
 * Bounded; whatever is in use stays.
 */
import { Retryable } from '#src/errors.ts'
import type { ObjectStore } from '#src/storage/storage.ts'
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface Asset {
  /** hex */
  readonly sha256: string
  readonly objectKey: string
}

export interface AssetCacheOptions {
  readonly store: Pick<ObjectStore, 'get'>
  /** Of this process alone, and empty at its start. */
  readonly dir: string
  readonly maxBytes?: number
}

interface Entry {
  readonly path: string
  readonly bytes: number
  uses: number
}

const defaultMaxBytes = 4 * 1024 ** 3

export function createAssetCache({ store, dir, maxBytes = defaultMaxBytes }: AssetCacheOptions) {
  /** In the order of last use. */
  const entries = new Map<string, Entry>()
  const fetching = new Map<string, Promise<Entry>>()

  /** Whole or not at all, and only if the bytes are the ones that were recorded. */
  async function download({ sha256, objectKey }: Asset, signal: AbortSignal): Promise<Entry> {
    await mkdir(dir, { recursive: true })
    const [partial, path] = [join(dir, `${randomUUID()}.part`), join(dir, sha256)]
    const hash = createHash('sha256')
    const meter = new Transform({ transform: (chunk: Buffer, _encoding, done) => (hash.update(chunk), done(null, chunk)) })
    try {
      const { body, bytes } = await store.get(objectKey, { signal })
      await pipeline(body, meter, createWriteStream(partial), { signal })
      if (hash.digest('hex') !== sha256) throw new Retryable(`The object ${objectKey} has other bytes than were recorded.`)
      await rename(partial, path)
      return { path, bytes, uses: 0 }
    } finally {
      await rm(partial, { force: true })
    }
  }

  /** One download at a time for each asset; the others wait for it. */
  function fetchOnce(asset: Asset, signal: AbortSignal): Promise<Entry> {
    const running = fetching.get(asset.sha256)
    if (running) return running
    const started = download(asset, signal).then((entry) => (entries.set(asset.sha256, entry), entry))
    fetching.set(asset.sha256, started)
    return started.finally(() => fetching.delete(asset.sha256))
  }

  async function acquire(asset: Asset, signal: AbortSignal): Promise<Entry> {
    const entry = entries.get(asset.sha256) ?? (await fetchOnce(asset, signal))
    entry.uses++
    entries.delete(asset.sha256)
    entries.set(asset.sha256, entry)
    return entry
  }

  async function evict(): Promise<void> {
    let total = [...entries.values()].reduce((sum, entry) => sum + entry.bytes, 0)
    for (const [sha256, entry] of entries) {
      if (total <= maxBytes) return
      if (entry.uses > 0) continue
      entries.delete(sha256)
      total -= entry.bytes
      await rm(entry.path, { force: true })
    }
  }

  return {
    /** Runs `work` with the local path of each asset, by digest. The files stay until it ends. */
    async use<T>(assets: readonly Asset[], signal: AbortSignal, work: (paths: Record<string, string>) => Promise<T>): Promise<T> {
      const held: Entry[] = []
      try {
        const paths: Record<string, string> = {}
        for (const asset of new Map(assets.map((a) => [a.sha256, a])).values()) {
          const entry = await acquire(asset, signal)
          held.push(entry)
          paths[asset.sha256] = entry.path
        }
        return await work(paths)
      } finally {
        for (const entry of held) entry.uses--
        await evict()
      }
    },
  }
}

export type AssetCache = ReturnType<typeof createAssetCache>
