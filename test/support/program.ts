/** The real program in a process of its own, with everything embedded: started, asked and killed as from outside. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const main = resolve(import.meta.dirname, '../../src/main.ts')

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: T
}

export interface Program {
  readonly url: string
  readonly child: ChildProcess
  /** Everything it wrote so far. */
  output(): string
  call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>
  /** As a plug is pulled. */
  kill(): Promise<void>
  /** As an operator stops it: SIGTERM, and how it ended. */
  stop(): Promise<number | null>
}

export interface Installation {
  readonly dataDir: string
  readonly apiKey: string
  start(env?: Readonly<Record<string, string>>): Promise<Program>
  close(): Promise<void>
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A data folder that outlives the programs started on it. */
export async function createInstallation(settings: Readonly<Record<string, string>> = {}): Promise<Installation> {
  const dataDir = await mkdtemp(join(tmpdir(), 'spotsmith-e2e-'))
  const apiKey = `test_${randomBytes(24).toString('hex')}`
  const running = new Set<Program>()
  return {
    dataDir,
    apiKey,
    start: async (env = {}) => {
      const program = await startProgram({ ...settings, DATA_DIR: dataDir, BOOTSTRAP_API_KEY: apiKey, ...env }, apiKey)
      running.add(program)
      return program
    },
    close: async () => {
      await Promise.all([...running].map((program) => program.stop()))
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function startProgram(settings: Readonly<Record<string, string>>, apiKey: string): Promise<Program> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PORT: String(port),
      PUBLIC_URL: url,
      ALLOWED_PRIVATE_TARGETS: '127.0.0.0/8',
      ALLOW_INSECURE_WEBHOOKS: 'true',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (written = (written + chunk.toString()).slice(-1_000_000)))
  const ended = () => child.exitCode !== null || child.signalCode !== null
  const end = async (signal: NodeJS.Signals) => {
    if (ended()) return child.exitCode
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
    return child.exitCode
  }
  const program: Program = {
    url,
    child,
    output: () => written,
    call: async (method, path, body, headers = {}) => {
      const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body)
      const answer = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(text === undefined ? {} : { body: text }),
      })
      const received = await answer.text()
      const isJson = /json/.test(answer.headers.get('content-type') ?? '')
      return {
        status: answer.status,
        headers: answer.headers,
        text: received,
        body: (isJson ? JSON.parse(received) : undefined) as never,
      }
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  }
  await untilReady(program, ended)
  return program
}

async function untilReady(program: Program, ended: () => boolean): Promise<void> {
  const deadline = Date.now() + 90_000
  for (;;) {
    if (ended()) throw new Error(`The program ended while it started:\n${program.output()}`)
    const answer = await fetch(`${program.url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    if (Date.now() > deadline) throw new Error(`The program was not ready in time: ${await answer?.text()}\n${program.output()}`)
    await delay(100)
  }
}

/** Asks until the answer is as wanted; the deadline only bounds a test that would never end. */
export async function until<T>(read: () => Promise<T>, wanted: (value: T) => boolean, timeoutMs = 120_000): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (wanted(value)) return value
    if (Date.now() > deadline) throw new Error(`This did not come in time; last seen: ${JSON.stringify(value).slice(0, 2000)}`)
    await delay(100)
  }
}
