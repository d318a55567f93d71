/**
 * One process per data folder. The lock is the kernel's lock on a SQLite file (Node ships SQLite, but no flock): however
 * the owner dies, the kernel frees it, and it also holds between containers that share a volume. A file with a pid
 * could do neither: after a restart of a container another process has the same pid.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

export class DataFolderInUse extends Error {
  override readonly name = 'DataFolderInUse'
}

const busy = 5 // SQLITE_BUSY

function readPid(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

function refuse(error: unknown, folder: string, pidPath: string): Error {
  if ((error as { errcode?: number }).errcode !== busy) {
    return new Error(`DATA_DIR ${folder} cannot be locked: ${(error as Error).message}.`, { cause: error })
  }
  return new DataFolderInUse(
    `DATA_DIR ${folder} is in use by another Spotsmith (process ${readPid(pidPath)}). Stop that one, or choose another DATA_DIR.`,
  )
}

export interface FolderLock {
  /** Idempotent. */
  release(): void
}

/**
 * @param folder exists already
 * @throws DataFolderInUse while another process, or this one, holds it
 */
export function lockFolder(folder: string): FolderLock {
  const pidPath = `${folder}/lock.pid`
  let file: DatabaseSync | undefined
  try {
    file = new DatabaseSync(`${folder}/lock`, { timeout: 0 })
    file.exec('begin exclusive')
    writeFileSync(pidPath, `${process.pid}\n`)
  } catch (error) {
    file?.close()
    throw refuse(error, folder, pidPath)
  }
  const release = () => {
    if (!file) return
    rmSync(pidPath, { force: true })
    file.close()
    file = undefined
  }
  return { release }
}
