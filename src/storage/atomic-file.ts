/** Writes a file whole or not at all, so that a reader never meets half an object and a power cut never leaves one. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createHashing } from './hashing.ts'

const dayMs = 86_400_000

/** A rename is only on the disk when its folder is. Windows cannot open folders; there the rename is all there is. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Syncs a folder and every folder above it up to the first that was there before. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

/** A delete may remove an empty folder between our mkdir and our rename: then both are done again. */
async function moveInto(temporary: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await makeFolder(dirname(path))
    try {
      return await rename(temporary, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 5) throw error
    }
  }
}

/**
 * @param temporaryFolder on the same file system as `path`
 * @returns size and hex sha256 of what was written
 */
export async function writeAtomically(
  path: string,
  body: Readable,
  { temporaryFolder, signal }: { temporaryFolder: string; signal?: AbortSignal | undefined },
): Promise<{ bytes: number; sha256: string }> {
  const temporary = join(temporaryFolder, randomUUID())
  const hashing = createHashing()
  try {
    await mkdir(temporaryFolder, { recursive: true })
    await pipeline(body, hashing.stream, createWriteStream(temporary, { flags: 'wx', flush: true }), signal ? { signal } : {})
    await moveInto(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    body.destroy()
    await rm(temporary, { force: true })
    throw error
  }
  return hashing.result()
}

/** Removes what killed processes left. A day is longer than any write takes. */
export async function pruneTemporary(folder: string, now: number): Promise<void> {
  const entries = await opendir(folder).catch(() => [])
  for await (const entry of entries) {
    const path = join(folder, entry.name)
    const facts = await stat(path).catch(() => undefined)
    if (facts && now - facts.mtimeMs > dayMs) await rm(path, { force: true })
  }
}
