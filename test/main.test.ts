import { createEmptyDatabase } from '#test/support/database.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const main = join(import.meta.dirname, '../src/main.ts')

let dataDir: string
let cleanup: AsyncDisposableStack
beforeEach(async () => {
  cleanup = new AsyncDisposableStack()
  dataDir = await mkdtemp(join(tmpdir(), 'spotsmith-main-'))
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }))
})
afterEach(() => cleanup.disposeAsync())

interface Program {
  readonly child: ChildProcess
  readonly out: { text: string }
  readonly errors: { text: string }
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

function collect(stream: NodeJS.ReadableStream): { text: string } {
  const collected = { text: '' }
  stream.on('data', (chunk: Buffer) => (collected.text += chunk.toString()))
  return collected
}

/** Only these settings: nothing of the environment that the tests run in. */
function start(env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => (code as number | null) ?? (signal as string))
  cleanup.defer(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return { child, out: collect(child.stdout), errors: collect(child.stderr), ended }
}

/** @returns the address of the API once it is ready */
async function ready({ child, out, errors, ended }: Program): Promise<string> {
  const died = ended.then((code) => expect.fail(`ended with ${code}: ${errors.text}`))
  while (!/Key .+\n/.test(out.text)) await Promise.race([once(child.stdout!, 'data'), died])
  return /API +(\S+)\/v1/.exec(out.text)![1]!
}

describe('faults at start are one line each, without a stack trace', () => {
  async function faultOf(env: Record<string, string>): Promise<string> {
    const program = start(env)
    expect(await program.ended).toBe(1)
    expect(program.errors.text).not.toMatch(/^\s+at /m)
    return program.errors.text
  }

  test('bad settings, all at once', async () => {
    const text = await faultOf({ PORT: 'x', LINK_DAYS: '1', ROLE: 'all', STORAGE_URL: 'ftp://x' })
    expect(text).toMatch(/3 faults/)
    for (const name of ['PORT', 'LINK_DAYS', 'STORAGE_URL']) expect(text).toContain(`- ${name}: `)
  })

  test('a busy port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanup.defer(() => void server.close())
    const { port } = server.address() as { port: number }
    expect(await faultOf({ PORT: String(port) })).toMatch(new RegExp(`Port ${port} on 127.0.0.1 is in use.*PORT`))
  })

  test('a database that cannot be reached', async () => {
    const text = await faultOf({ DATABASE_URL: 'postgres://u:top-secret@127.0.0.1:1/x' })
    expect(text).toMatch(/nothing listens there/)
    expect(text).not.toContain('top-secret')
  })

  test('a damaged key file', async () => {
    const database = await createEmptyDatabase()
    cleanup.defer(() => database.close())
    const first = start({ DATABASE_URL: database.connectionString })
    await ready(first)
    first.child.kill('SIGTERM')
    await first.ended
    await writeFile(join(dataDir, 'secret-key'), 'short')
    expect(await faultOf({ DATABASE_URL: database.connectionString })).toMatch(/secret-key is damaged/)
  })
})

describe('the whole program on an empty folder', () => {
  const authorised = async (url: string, path: string) =>
    fetch(`${url}${path}`, { headers: { authorization: `Bearer ${(await readFile(join(dataDir, 'api-key'), 'utf8')).trim()}` } })

  test('says where it is, answers, stops in order, and goes on where it was', async () => {
    const first = start()
    const url = await ready(first)
    const key = (await readFile(join(dataDir, 'api-key'), 'utf8')).trim()
    expect(first.out.text).toContain(key)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect((await fetch(`${url}/docs`)).status).toBe(200)
    expect((await authorised(url, '/v1/campaigns')).status).toBe(200)
    expect((await fetch(`${url}/v1/campaigns`)).status).toBe(401)

    const rival = start()
    expect(await rival.ended).toBe(1)
    expect(rival.errors.text).toMatch(/in use by another Spotsmith/)

    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(first.errors.text).toContain('process.stopped')
    expect(first.errors.text).not.toContain(key)

    const second = start()
    expect((await authorised(await ready(second), '/v1/campaigns')).status).toBe(200)
    expect(second.out.text).not.toContain(key)
    second.child.kill('SIGKILL')
    expect(await second.ended).toBe('SIGKILL')

    const third = start()
    expect((await authorised(await ready(third), '/v1/campaigns')).status).toBe(200)
  })
})
