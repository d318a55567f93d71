/** The service itself, started as anybody would: the real program in a process of its own, with embedded everything. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface RunningService {
  readonly url: string
  readonly apiKey: string
  stop(): Promise<void>
}

const main = resolve(import.meta.dirname, '../main.ts')
const startSeconds = 90

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/**
 * @param dataDir database, objects and keys; a service that was started on it before goes on where it was
 * @param logFile where its log goes
 * @throws when it does not become ready, with the place of its log
 */
export async function startService(dataDir: string, logFile: string, env: NodeJS.ProcessEnv): Promise<RunningService> {
  await mkdir(dataDir, { recursive: true })
  const port = await freePort()
  const apiKey = `demo_${randomBytes(24).toString('hex')}`
  const url = `http://127.0.0.1:${port}`
  const child = spawn(process.execPath, [main], {
    env: {
      ...env,
      ROLE: 'all',
      PORT: String(port),
      HOST: '127.0.0.1',
      PUBLIC_URL: url,
      DATA_DIR: dataDir,
      BOOTSTRAP_API_KEY: apiKey,
      ALLOWED_PRIVATE_TARGETS: '127.0.0.0/8',
      ALLOW_INSECURE_WEBHOOKS: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(logFile)
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const stop = () => stopChild(child)
  try {
    await ready(child, url, logFile)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, apiKey, stop }
}

async function ready(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const deadline = Date.now() + startSeconds * 1000
  while (Date.now() < deadline) {
    if (child.exitCode !== null)
      throw new Error(`The service stopped while it started (code ${child.exitCode}). Its log: ${logFile}`)
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await delay(100)
  }
  throw new Error(`The service was not ready within ${startSeconds} s. Its log: ${logFile}`)
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}
