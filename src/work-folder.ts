/** A folder for the temporary files of one process, below DATA_DIR/work. What processes that died have left is removed. */
import { type FolderLock, lockFolder } from './database/embedded-postgres-lock.ts'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

export interface WorkFolder {
  readonly path: string
  /** Removes it with all that is in it. */
  close(): Promise<void>
}

/** The kernel frees the lock of a dead process, so a folder that can be locked belongs to nobody. */
async function removeAbandoned(folder: string): Promise<void> {
  let lock: FolderLock
  try {
    lock = lockFolder(folder)
  } catch {
    return
  }
  await rm(folder, { recursive: true, force: true }).finally(() => lock.release())
}

/** @param dataDir absolute or relative; the path that is returned is absolute */
export async function openWorkFolder(dataDir: string): Promise<WorkFolder> {
  const parent = resolve(dataDir, 'work')
  await mkdir(parent, { recursive: true })
  for (const name of await readdir(parent)) await removeAbandoned(join(parent, name))
  const path = await mkdtemp(join(parent, 'process-'))
  const lock = lockFolder(path)
  return {
    path,
    async close() {
      lock.release()
      await rm(path, { recursive: true, force: true })
    },
  }
}
