/** The cluster's files: made beside their place and renamed when whole, so that a crash leaves none or a complete one. */
import { EmbeddedPostgresFault } from './embedded-postgres-binaries.ts'
import type { Programs } from './embedded-postgres-programs.ts'
import type { RunAs } from './embedded-postgres-user.ts'
import { randomBytes } from 'node:crypto'
import { chown, lchown, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Lies in the cluster, 0600. */
export interface Identity {
  /** Part of the server's command line: tells our server from another process with its old pid. */
  readonly id: string
  readonly password: string
}

const identityFile = 'spotsmith.json'

export interface ClusterOptions {
  /** Holds the cluster. */
  readonly folder: string
  readonly programs: Programs
  readonly user: RunAs
  /** false: no fsync, for tests. */
  readonly durable: boolean
}

const newIdentity = (): Identity => ({ id: randomBytes(8).toString('hex'), password: randomBytes(24).toString('base64url') })

/** Written for the user that runs Postgres, readable by nobody else. */
async function writeSecret(path: string, text: string, user: RunAs): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  if (user) await chown(path, user.uid, user.gid)
}

async function initialise(path: string, identity: Identity, { programs, user, durable }: ClusterOptions): Promise<void> {
  const passwordPath = `${path}.password`
  await writeSecret(passwordPath, identity.password, user)
  await programs.run('initdb', [
    '--username=spotsmith',
    '--auth=scram-sha-256',
    `--pwfile=${programs.visible(passwordPath)}`,
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(durable ? [] : ['--no-sync']),
    '-D',
    programs.visible(path),
  ])
  await rm(passwordPath)
  await writeSecret(join(path, identityFile), JSON.stringify(identity), user)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What a creation that was killed has left; its initdb may still be writing, then the next start removes the rest. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('new-'))
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true }).catch(() => {})))
}

async function create(cluster: string, options: ClusterOptions): Promise<void> {
  const partial = join(options.folder, `new-${randomBytes(6).toString('hex')}`)
  try {
    await initialise(partial, newIdentity(), options)
    await rename(partial, cluster)
    if (options.durable) await syncFolder(options.folder)
  } catch (error) {
    await removeLeftovers(options.folder)
    throw error
  }
}

async function readIdentity(cluster: string): Promise<Identity> {
  const text = await readFile(join(cluster, identityFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new EmbeddedPostgresFault(
      `The database in ${cluster} cannot be opened: ${error.message}. Start Spotsmith as the user that created it, or choose another DATA_DIR.`,
      { cause: error },
    )
  })
  return JSON.parse(text) as Identity
}

async function chownTree(path: string, user: NonNullable<RunAs>): Promise<void> {
  const entries = await readdir(path, { recursive: true })
  for (const entry of ['', ...entries]) await lchown(join(path, entry), user.uid, user.gid)
}

/** Files that root restored from a backup belong to root; Postgres wants to own them. */
async function takeOwnership(cluster: string, user: RunAs): Promise<void> {
  if (user && (await stat(cluster)).uid !== user.uid) await chownTree(cluster, user)
}

/**
 * Creates the cluster when there is none.
 * @returns what is needed to log in
 */
export async function ensureCluster(cluster: string, options: ClusterOptions): Promise<Identity> {
  await removeLeftovers(options.folder)
  const existing = await stat(cluster).catch(() => undefined)
  if (!existing) await create(cluster, options)
  else await takeOwnership(cluster, options.user)
  return readIdentity(cluster)
}
