/** Processes of the real program that are killed, stopped and started again, each in its own folder and with its own log. */
import { freePort } from '#test/support/program.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const main = resolve(import.meta.dirname, '../../src/main.ts')

export interface FleetOptions {
  readonly dir: string
  readonly apiKey: string
  /** Process name → its settings. The first is the one that answers. */
  readonly processes: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
}

interface Running {
  child: ChildProcess
}

const ended = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

async function endOf(child: ChildProcess): Promise<void> {
  if (!ended(child)) await once(child, 'exit')
}

export async function startFleet({ dir, apiKey, processes }: FleetOptions) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const names = Object.keys(processes)
  const running = new Map<string, Running>()
  const common = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    PUBLIC_URL: url,
    BOOTSTRAP_API_KEY: apiKey,
    ALLOWED_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_INSECURE_WEBHOOKS: 'true',
    REQUESTS_PER_MINUTE: '1000000',
  }

  function spawnOne(name: string): ChildProcess {
    const dataDir = join(dir, name)
    mkdirSync(dataDir, { recursive: true })
    const log = openSync(join(dir, `${name}.log`), 'a')
    const own = { DATA_DIR: dataDir, PORT: String(name === names[0] ? port : 0), ...processes[name] }
    const child = spawn(process.execPath, [main], { env: { ...common, ...own }, stdio: ['ignore', log, log] })
    closeSync(log)
    return child
  }

  /** One that ends by itself, because the database or Redis is away while it starts, is started again: as a supervisor does. */
  function start(name: string): void {
    const child = spawnOne(name)
    running.set(name, { child })
    child.once('exit', () => void delay(300).then(() => running.get(name)?.child === child && start(name)))
  }

  /** As a plug is pulled; nobody starts it again but the caller. */
  async function kill(name: string): Promise<void> {
    const one = running.get(name)
    running.delete(name)
    one?.child.kill('SIGKILL')
    if (one) await endOf(one.child)
  }

  async function stop(): Promise<void> {
    const all = [...running.values()]
    running.clear()
    for (const { child } of all) child.kill('SIGTERM')
    await Promise.all(all.map(({ child }) => endOf(child)))
  }

  names.forEach(start)

  return {
    url,
    names,
    start,
    kill,
    stop,
    /** Pulls the plug, and puts it back. */
    async restart(name: string): Promise<void> {
      await kill(name)
      start(name)
    },
    signal: (name: string, signal: NodeJS.Signals): boolean => running.get(name)?.child.kill(signal) ?? false,
    /** Repeated until there is an answer. */
    async call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
      // The same key at every try: an answer that was lost with its process is not a second campaign.
      const key = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
      const headers = { authorization: `Bearer ${apiKey}`, ...(body !== undefined && key) }
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
      for (let tries = 0; ; tries++) {
        const answer = await fetch(url + path, init).catch(() => undefined)
        const text = await answer?.text().catch(() => undefined)
        if (answer && text !== undefined && answer.status < 500) return { status: answer.status, body: JSON.parse(text) as T }
        if (tries > 1200) throw new Error(`${method} ${path}: no answer, last ${answer?.status} ${text}`)
        await delay(100)
      }
    },
  }
}

export type Fleet = Awaited<ReturnType<typeof startFleet>>
