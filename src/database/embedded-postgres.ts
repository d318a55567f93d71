/**
 * The default database: a Postgres from an npm package, in DATA_DIR/postgres, started and stopped with us. It is ours
 * alone: one process per data folder, loopback only, a generated password. See README.md for what may go wrong.
 */
import { withClient } from './client.ts'
import { findBinaries, EmbeddedPostgresFault } from './embedded-postgres-binaries.ts'
import { ensureCluster } from './embedded-postgres-cluster.ts'
import { lockFolder } from './embedded-postgres-lock.ts'
import { createPrograms } from './embedded-postgres-programs.ts'
import { isRunning, restartServer, type ServerOptions, startServer, stopServer } from './embedded-postgres-server.ts'
import { chooseUser, reachableBinaries, type RunAs } from './embedded-postgres-user.ts'
import { watchServer } from './embedded-postgres-watch.ts'
import { chmod, chown, mkdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface EmbeddedPostgresOptions {
  /** DATA_DIR; created when it is missing. */
  readonly dataDir: string
  /** false: no fsync, so that tests are quick; a crash of the machine then loses data. */
  readonly durable?: boolean
  /** The server had died and was started again. */
  readonly onRestarted?: () => void
  /** The server has died and cannot be started; that is tried again every second. */
  readonly onFault?: (error: unknown) => void
}

export interface EmbeddedPostgres {
  readonly connectionString: string
  /** Stops the server and frees the folder. Idempotent. */
  close(): Promise<void>
}

const databaseName = 'spotsmith'

async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode })
  } catch (error) {
    throw new EmbeddedPostgresFault(`The folder ${path} cannot be made: ${(error as Error).message}. Choose another DATA_DIR.`, {
      cause: error,
    })
  }
}

/** Only the user that runs Postgres enters its folder. */
async function makeOwnFolder(path: string, user: RunAs): Promise<void> {
  await makeFolder(path, 0o700)
  const { uid } = await stat(path)
  if (user && uid !== user.uid) await chown(path, user.uid, user.gid)
  if (user || uid === process.getuid?.()) await chmod(path, 0o700)
}

async function ensureDatabase(server: URL): Promise<string> {
  await withClient(server.href, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName])
    if (rowCount === 0) await client.query(`create database ${databaseName}`)
  })
  server.pathname = databaseName
  return server.href
}

async function open(dataDir: string, given: EmbeddedPostgresOptions, cleanup: AsyncDisposableStack): Promise<string> {
  const { durable = true, onRestarted = () => {}, onFault = () => {} } = given
  const folder = join(dataDir, 'postgres')
  const cluster = join(folder, 'cluster')
  const user = await chooseUser(cluster)
  const binaries = await reachableBinaries(findBinaries(), user)
  await makeOwnFolder(folder, user)
  const programs = await createPrograms(binaries, user, folder)
  cleanup.defer(() => programs.close())
  const { id, password } = await ensureCluster(cluster, { folder, programs, user, durable })
  const options: ServerOptions = { cluster, logPath: join(folder, 'server.log'), clusterId: id, programs, durable }
  const port = await startServer(options)
  cleanup.defer(() => stopServer(options))
  const watch = watchServer({
    isRunning: () => isRunning(options),
    restart: () => restartServer(options, port),
    onRestarted,
    onFault,
  })
  cleanup.defer(() => watch.close())
  return ensureDatabase(new URL(`postgres://spotsmith:${password}@127.0.0.1:${port}/postgres`))
}

/**
 * Creates the cluster on first use, ends a server that a killed process has left, and starts a fresh one.
 * @throws DataFolderInUse when another process works on the folder
 * @throws EmbeddedPostgresFault with what to do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await makeFolder(options.dataDir, 0o755)
  const dataDir = await realpath(options.dataDir)
  await using cleanup = new AsyncDisposableStack()
  const lock = lockFolder(dataDir)
  cleanup.defer(() => lock.release())
  const connectionString = await open(dataDir, options, cleanup)
  const opened = cleanup.move()
  return { connectionString, close: () => opened.disposeAsync() }
}
