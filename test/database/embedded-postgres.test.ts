import { withClient } from '#src/database/client.ts'
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.ts'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

let prepared: string
let dataDir: string
let cleanup: AsyncDisposableStack
beforeAll(async () => {
  prepared = await mkdtemp(join(tmpdir(), 'spotsmith-embedded-'))
  await startEmbeddedPostgres({ dataDir: prepared, durable: false }).then((server) => server.close())
})
afterAll(() => rm(prepared, { recursive: true, force: true }))
beforeEach(async () => {
  cleanup = new AsyncDisposableStack()
  dataDir = await mkdtemp(join(tmpdir(), 'spotsmith-embedded-'))
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }))
})
afterEach(() => cleanup.disposeAsync())

async function start(folder = dataDir) {
  const server = await startEmbeddedPostgres({ dataDir: folder, durable: false })
  cleanup.defer(() => server.close())
  return server
}
/** Puts a cluster into dataDir without the second that creating one takes. */
const copyPrepared = () => promisify(execFile)('cp', ['-a', join(prepared, 'postgres'), dataDir])
const cluster = () => join(dataDir, 'postgres', 'cluster')
const serverPid = () => Number(readFileSync(join(cluster(), 'postmaster.pid'), 'utf8').split('\n')[0])
const write = (url: string) => withClient(url, (client) => client.query('create table kept as select 42 as answer'))
const read = (url: string) => withClient(url, async (client) => (await client.query('select answer from kept')).rows)

function startOwner({ durable = false } = {}): ChildProcess {
  const owner = spawn(
    process.execPath,
    [join(import.meta.dirname, '../support/embedded-owner.ts'), dataDir, durable ? 'durable' : ''],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  cleanup.defer(async () => {
    await kill(owner)
    await startEmbeddedPostgres({ dataDir }).then((server) => server.close()) // ends the server that it leaves
  })
  return owner
}

async function connectionStringOf(owner: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: owner.stdout! })) return line
  throw new Error('The owner ended without a server.')
}

async function kill(owner: ChildProcess): Promise<void> {
  if (owner.signalCode) return
  const exited = once(owner, 'exit')
  owner.kill('SIGKILL')
  await exited
}

/** A dead process that nobody has waited for keeps its pid; /proc tells it apart. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`).length > 0
  } catch {
    return false
  }
}

describe('embedded Postgres', () => {
  test('is created, stops with us, and wakes with its data', async () => {
    const fresh = await start()
    await write(fresh.connectionString)
    const pid = serverPid()
    await fresh.close()
    await fresh.close()
    expect(isAlive(pid)).toBe(false)

    const woken = await start()
    expect(await read(woken.connectionString)).toEqual([{ answer: 42 }])
    await woken.close()
  })

  test('keeps its password to itself and listens on loopback only', async () => {
    await copyPrepared()
    const server = await start()
    expect(statSync(join(dataDir, 'postgres')).mode & 0o077).toBe(0)
    expect(statSync(join(cluster(), 'spotsmith.json')).mode & 0o077).toBe(0)
    const settings = await withClient(
      server.connectionString,
      async (client) => (await client.query('show listen_addresses')).rows[0],
    )
    expect(settings).toEqual({ listen_addresses: '127.0.0.1' })
    const guess = new URL(server.connectionString)
    guess.password = 'guess'
    await expect(read(guess.href)).rejects.toThrow(/password authentication failed/)
  })

  test('a second process on the same folder is refused and told who has it', async () => {
    await copyPrepared()
    const owner = startOwner()
    const url = await connectionStringOf(owner)
    await expect(start()).rejects.toThrow(new RegExp(`in use by another Spotsmith \\(process ${owner.pid}\\)`))
    await write(url) // and the first one is left in peace
  })

  test('after its owner was killed the server is replaced, the data is whole', async () => {
    await copyPrepared()
    const owner = startOwner()
    const url = await connectionStringOf(owner)
    await write(url)
    const leftOver = serverPid()
    await kill(owner)
    expect(isAlive(leftOver)).toBe(true)

    const server = await start()
    expect(isAlive(leftOver)).toBe(false)
    expect(serverPid()).not.toBe(leftOver)
    expect(await read(server.connectionString)).toEqual([{ answer: 42 }])
  })

  test('after owner and server were killed the data is whole', async () => {
    await copyPrepared()
    const owner = startOwner({ durable: true })
    await write(await connectionStringOf(owner))
    await kill(owner)
    process.kill(serverPid(), 'SIGKILL')
    const server = await start()
    expect(await read(server.connectionString)).toEqual([{ answer: 42 }])
  })

  test('a server that dies under its owner is started again where it was', async () => {
    await copyPrepared()
    const { promise: restarted, resolve } = Promise.withResolvers<void>()
    const server = await startEmbeddedPostgres({ dataDir, onRestarted: resolve })
    cleanup.defer(() => server.close())
    await write(server.connectionString)
    process.kill(serverPid(), 'SIGKILL')
    await restarted
    expect(await read(server.connectionString)).toEqual([{ answer: 42 }])
  })

  test('a process that is killed while it creates the cluster leaves nothing half-made', async () => {
    await mkdir(join(dataDir, 'postgres'))
    const watcher = watch(join(dataDir, 'postgres'))
    cleanup.defer(() => watcher.close())
    const begun = once(watcher, 'change')
    const owner = startOwner()
    await begun
    await kill(owner)
    expect(existsSync(cluster())).toBe(false)

    const server = await start()
    await write(server.connectionString)
    expect(readdirSync(join(dataDir, 'postgres')).filter((name) => name.endsWith('.password'))).toEqual([])
  })

  test.runIf(process.platform === 'linux')('never signals a process that has got the pid of a dead server', async () => {
    await copyPrepared()
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' })
    cleanup.defer(() => void bystander.kill('SIGKILL'))
    await writeFile(join(cluster(), 'postmaster.pid'), `${bystander.pid}\n${cluster()}\n0\n1\n\n127.0.0.1\n0 0\nready   \n`, {
      mode: 0o600,
    })
    await start()
    expect(isAlive(bystander.pid!)).toBe(true)
  })

  test('a data folder that cannot be made is explained', async () => {
    await writeFile(join(dataDir, 'file'), '')
    await expect(startEmbeddedPostgres({ dataDir: join(dataDir, 'file', 'data') })).rejects.toThrow(
      /cannot be made.*Choose another DATA_DIR/,
    )
  })

  test('files of another version of Postgres are explained', async () => {
    await copyPrepared()
    await writeFile(join(cluster(), 'PG_VERSION'), '14\n')
    await expect(start()).rejects.toThrow(/made by another version of Postgres/)
  })

  test.runIf(process.getuid?.() === 0)('as root it runs under another user, also below a closed folder', async () => {
    const closed = join(dataDir, 'closed')
    await mkdir(closed, { mode: 0o700 })
    const server = await start(join(closed, 'data'))
    await write(server.connectionString)
    await server.close()
    expect(statSync(join(closed, 'data', 'postgres', 'cluster')).uid).not.toBe(0)
    expect(statSync(closed).mode & 0o777).toBe(0o700)
  })
})
