/** A Redis for the tests: TEST_REDIS_URL, else `redis-server` of the PATH on a free port in a temporary folder, else none. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestRedis {
  readonly url: string
  /** The process; undefined when the server is not ours. */
  readonly pid?: number
  close(): Promise<void>
}

/** Whether tests on Redis can run here; says so when not, and fails in CI, where nothing may be left out. */
export function redisIsHere(): boolean {
  if (process.env['TEST_REDIS_URL'] || hasServer()) return true
  if (process.env['CI'] === 'true')
    throw new Error('No redis-server on the PATH and no TEST_REDIS_URL: in CI nothing is left out.')
  console.warn('Left out: the run-queue on Redis (no redis-server on the PATH, no TEST_REDIS_URL).')
  return false
}

const hasServer = (): boolean => spawnSync('redis-server', ['--version']).status === 0

/** The server in the environment, or a fresh one. */
export async function openTestRedis(): Promise<TestRedis> {
  const url = process.env['TEST_REDIS_URL']
  return url ? { url, close: async () => {} } : startRedis()
}

const usable = ['--maxmemory-policy', 'noeviction']

/**
 * A server of our own, e.g. to configure it wrongly or to stop it.
 * @param fixedPort where another one was before; it comes back empty
 * @throws when redis-server is missing
 */
export async function startRedis(settings: readonly string[] = usable, fixedPort?: number): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'spotsmith-redis-'))
  const port = fixedPort ?? (await freePort())
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const server = spawn('redis-server', [...own, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  await ready(server.stdout, ended)
  return {
    url: `redis://127.0.0.1:${port}`,
    ...(server.pid !== undefined && { pid: server.pid }),
    async close() {
      server.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ready(output: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<'ready'>()
  let seen = ''
  output.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
    if (seen.includes('Ready to accept connections')) resolve('ready')
  })
  if ((await Promise.race([promise, ended])) !== 'ready') throw new Error(`redis-server ended at once:\n${seen}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
