/**
 * A real S3 server for tests: TEST_S3_URL (a `STORAGE_URL`, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), or
 * OpenStack Swift from Debian packages where this runs as root. Otherwise the tests are left out by name, which is a
 * failure in CI.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { S3Credentials } from '#src/storage/s3.ts'

export interface S3Server {
  /** A `STORAGE_URL` without prefix whose bucket is there. */
  readonly url: string
  readonly credentials: S3Credentials
  close(): Promise<void>
}

const script = new URL('swift-s3.sh', import.meta.url).pathname
const root = join(tmpdir(), 'spotsmith-swift', 'trixie')
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** Why there can be no server here; undefined when there can. */
export function s3LeftOut(): string | undefined {
  if (process.env['TEST_S3_URL']) return undefined
  const able = process.platform === 'linux' && process.getuid?.() === 0 && ['mmdebstrap', 'unshare', 'setpriv'].every(has)
  return able ? undefined : 'there is no TEST_S3_URL, and Swift needs root, mmdebstrap, unshare and setpriv'
}

/** @returns the first of five free ports in a row */
async function freePorts(): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 8_000) * 5
    const servers = Array.from({ length: 5 }, () => createServer())
    const listening = servers.map(async (server, i) => {
      server.listen(base + i, '127.0.0.1')
      await once(server, 'listening')
    })
    const free = await Promise.allSettled(listening)
    await Promise.all(servers.map(async (s) => s.listening && (s.close(), await once(s, 'close'))))
    if (free.every((result) => result.status === 'fulfilled')) return base
  }
}

/** Until the script says so; its end before that is the failure, with what it said. */
async function untilReady(child: ReturnType<typeof spawn>): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The S3 server ended before it was ready:\n${said}`)
  })
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) if (line === 'ready') return
  })()
  await Promise.race([ready, ended])
  ended.catch(() => undefined)
  child.stdout?.resume()
}

async function startSwift(): Promise<S3Server> {
  const made = spawn(script, ['root', root], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(made, 'exit')) as [number]
  if (code !== 0) throw new Error(`${script} root ended with ${code}.`)
  const port = await freePorts()
  const credentials = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' }
  const env = {
    PATH: process.env['PATH'],
    S3_PORT: String(port),
    S3_BUCKET: 'spotsmith',
    S3_KEY: 'testkey',
    S3_SECRET: 'testsecret',
  }
  const child = spawn(script, ['run', root], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  await untilReady(child)
  const endpoint = `http://127.0.0.1:${port}`
  return {
    url: `s3://spotsmith?endpoint=${endpoint}&public_endpoint=${endpoint}`,
    credentials,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

export async function startS3Server(): Promise<S3Server> {
  const url = process.env['TEST_S3_URL']
  if (!url) return startSwift()
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env
  return { url, credentials: { accessKeyId, secretAccessKey }, close: () => Promise.resolve() }
}
