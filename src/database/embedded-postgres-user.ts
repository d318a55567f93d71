/**
 * Who runs Postgres. It refuses to be root, so as root its programs run as the owner of the cluster, or as the user
 * `postgres`, which is created when there is none.
 */
import { type Binaries, EmbeddedPostgresFault } from './embedded-postgres-binaries.ts'
import { execFile } from 'node:child_process'
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** undefined: whoever we are. */
export type RunAs = { readonly uid: number; readonly gid: number } | undefined

async function lookUp(name: string): Promise<NonNullable<RunAs>> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
}

async function createUser(name: string): Promise<NonNullable<RunAs>> {
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name])
    return await lookUp(name)
  } catch (error) {
    throw new EmbeddedPostgresFault(
      `Postgres refuses to run as root, and no other user could be created for it (${(error as Error).message.trim()}). Start Spotsmith as another user, create the user "${name}", or set DATABASE_URL.`,
      { cause: error },
    )
  }
}

/** @param clusterFolder may exist: then its owner stays who runs it, also when it came from another machine */
export async function chooseUser(clusterFolder: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(clusterFolder).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return lookUp('postgres').catch(() => createUser('postgres'))
}

/** Whether every folder on the way may be entered by that user. */
async function canReach(path: string, user: NonNullable<RunAs>): Promise<boolean> {
  const { mode, uid, gid } = await stat(path)
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
  if ((mode & bit) === 0) return false
  return path === dirname(path) || canReach(dirname(path), user)
}

/**
 * The programs where `user` can start them: as they are, or, when they lie in a closed folder such as /root, as a copy
 * in the temporary folder (60 MB, kept for the next start).
 */
export async function reachableBinaries(binaries: Binaries, user: RunAs): Promise<Binaries> {
  if (!user || (await canReach(join(binaries.folder, 'bin'), user))) return binaries
  const { mtimeMs } = await stat(join(binaries.folder, 'bin', 'postgres'))
  const folder = join(tmpdir(), `spotsmith-postgres-${process.getuid?.()}-${Math.round(mtimeMs).toString(36)}`)
  const existing = await stat(folder).catch(() => undefined)
  if (existing?.uid !== 0) await copyWhole(binaries.folder, folder)
  return { folder }
}

/** Renamed when whole: a crash or a rival leaves none or a complete one. */
async function copyWhole(from: string, to: string): Promise<void> {
  const partial = `${to}.${process.pid}`
  await rm(to, { recursive: true, force: true })
  await mkdir(partial, { mode: 0o755 })
  try {
    await cp(from, partial, { recursive: true, verbatimSymlinks: true })
    await rename(partial, to).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
