/** Starts and stops the server of a cluster, and ends one that a killed parent has left running. */
import { EmbeddedPostgresFault } from './embedded-postgres-binaries.ts'
import { explain, type Programs } from './embedded-postgres-programs.ts'
import { readFile, rm, stat, truncate } from 'node:fs/promises'
import { createServer } from 'node:net'

export interface ServerOptions {
  readonly cluster: string
  readonly logPath: string
  readonly clusterId: string
  readonly programs: Programs
  /** false: no fsync, for tests. */
  readonly durable: boolean
}

const startSeconds = 120 // a crash recovery replays the log first
const stopSeconds = 30
const maxLogBytes = 10 * 1024 * 1024

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

function settings({ clusterId, durable }: ServerOptions, port: number): string {
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: "''", // its path would have to be shorter than 108 bytes
    max_connections: 300,
    cluster_name: `spotsmith-${clusterId}`,
    log_min_messages: 'warning',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(values)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
}

/** The command line of a process; undefined when there is no such process or it cannot be told. */
const commandLine = (pid: string): Promise<string | undefined> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

type State = 'none' | 'running' | 'stale'

/**
 * Whether the server of this cluster runs, whoever started it. `stale`: the pid in its file belongs to another program by
 * now, which must not be signalled. A dead process that nobody waited for still has a pid, but no command line.
 */
async function findServer({ cluster, clusterId }: ServerOptions): Promise<State> {
  const text = await readFile(`${cluster}/postmaster.pid`, 'utf8').catch(() => undefined)
  const pid = text?.split('\n')[0]
  if (!pid || !isAlive(Number(pid))) return 'none' // the server itself removes the file of a dead one
  if (process.platform !== 'linux') return 'running'
  return (await commandLine(pid))?.includes(`spotsmith-${clusterId}`) ? 'running' : 'stale'
}

export const isRunning = async (options: ServerOptions): Promise<boolean> => (await findServer(options)) === 'running'

/**
 * Fast shutdown, and an immediate one when that takes too long; the next start then recovers from the log. A server that
 * ended by itself in between, so that there is nothing to signal, has stopped too.
 */
export async function stopServer(options: ServerOptions): Promise<void> {
  const { cluster, programs } = options
  const stop = (mode: string) =>
    programs.run('pg_ctl', ['-D', programs.visible(cluster), '-w', '-t', String(stopSeconds), '-m', mode, 'stop'])
  try {
    await stop('fast').catch(() => stop('immediate'))
  } catch (error) {
    if (await isRunning(options)) throw error
  }
}

async function clearLeftover(options: ServerOptions): Promise<void> {
  const leftover = await findServer(options)
  if (leftover === 'running') await stopServer(options)
  if (leftover === 'stale') await rm(`${options.cluster}/postmaster.pid`, { force: true })
}

async function trimLog(path: string): Promise<void> {
  const bytes = (await stat(path).catch(() => undefined))?.size ?? 0
  if (bytes > maxLogBytes) await truncate(path, 0)
}

async function logSince(path: string, offset: number): Promise<string> {
  return (await readFile(path).catch(() => Buffer.alloc(0))).subarray(offset).toString()
}

/** @returns false when another program has the port */
async function tryStart(options: ServerOptions, port: number): Promise<boolean> {
  const { cluster, logPath, programs } = options
  const logged = (await stat(logPath).catch(() => undefined))?.size ?? 0
  try {
    const log = ['-l', programs.visible(logPath)]
    const wait = ['-w', '-t', String(startSeconds)]
    await programs.run('pg_ctl', ['-D', programs.visible(cluster), ...log, ...wait, '-o', settings(options, port), 'start'])
    return true
  } catch (error) {
    const log = await logSince(logPath, logged)
    if (/address already in use/i.test(log)) return false
    throw log ? explain('start', log) : error
  }
}

/** @returns the port on 127.0.0.1 where it answers */
export async function startServer(options: ServerOptions): Promise<number> {
  await clearLeftover(options)
  await trimLog(options.logPath)
  for (let tries = 0; tries < 5; tries++) {
    const port = await freePort()
    if (await tryStart(options, port)) return port
  }
  throw new EmbeddedPostgresFault('The embedded Postgres found no free port on 127.0.0.1 in five tries.')
}

/** Starts a server that died where it was, so that the pools that know its port find it again. */
export async function restartServer(options: ServerOptions, port: number): Promise<void> {
  await clearLeftover(options)
  if (!(await tryStart(options, port)))
    throw new EmbeddedPostgresFault(`Another program has taken port ${port} of the embedded Postgres.`)
}
