/** The receivers of the consumer's guide, each run by its interpreter against the service's own sender. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createGuard } from '#src/network/guard.ts'
import { createOutgoing } from '#src/network/outgoing.ts'
import { createSender } from '#src/webhooks/send.ts'
import { newSecret } from '#src/webhooks/secret.ts'
import { signatureOf } from '#src/webhooks/signature.ts'
import { until } from '#test/support/until.ts'

const examples = resolve(import.meta.dirname, '../../src/client/examples')
const secret = newSecret('v1', (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>))
const body = JSON.stringify({ type: 'endpoint.test', timestamp: new Date().toISOString(), data: { endpoint_id: 'ü', url: 'u' } })
const environment = { PATH: process.env['PATH'], WEBHOOK_SECRET: secret }

/** Says what is left out where a program is missing; in CI nothing may be. */
function has(program: string, ...args: string[]): boolean {
  if (spawnSync(program, args).status === 0) return true
  if (process.env['CI'] === 'true') throw new Error(`${program} is not on the PATH: in CI nothing is left out.`)
  console.warn(`Left out: the example that needs ${program}.`)
  return false
}

let child: ChildProcess | undefined
afterEach(() => child?.kill('SIGKILL'))

async function start(program: string, file: string) {
  let output = ''
  child = spawn(program, [join(examples, file), '0'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const port = await until(
    () => /"port": ?(\d+)/.exec(output)?.[1],
    (found) => found !== undefined,
    `${file} listens`,
  )
  return { url: `http://127.0.0.1:${port}/`, output: () => output }
}

async function send(url: string, { secrets = [secret], now = Date.now }: { secrets?: string[]; now?: () => number } = {}) {
  const outgoing = createOutgoing({ guard: createGuard({ allowed: ['127.0.0.0/8'], insecure: true }) })
  const outcome = await createSender({ post: outgoing.post, now })({ url, id: 'evt_1', body, secrets })
  await outgoing.close()
  return outcome.status === 'aborted' ? outcome.status : outcome.httpStatus
}

const receivers = [
  { program: process.execPath, file: 'receiver.ts', runs: true },
  { program: 'python3', file: 'receiver.py', runs: has('python3', '--version') },
]

describe.each(receivers)('$file', ({ program, file, runs }) => {
  it.runIf(runs)('takes what is signed, once, and refuses what is forged or old', async () => {
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
    const { url, output } = await start(program, file)
    expect(await send(url)).toBe(204)
    expect(await send(url)).toBe(204)
    expect(await send(url, { secrets: [other, secret] })).toBe(204)
    expect(await send(url, { secrets: [other] })).toBe(400)
    expect(await send(url, { now: () => Date.now() - 360_000 })).toBe(400)
    expect((await fetch(url, { method: 'POST', body })).status).toBe(400)
    expect(output().match(/endpoint\.test evt_1/g)).toHaveLength(1)
  })
})

describe.runIf(has('openssl', 'version') && has('curl', '--version'))('sign.sh', () => {
  it('makes the signature that the service makes, and posts it with curl', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'spotsmith-sign-'))
    const file = join(dir, 'body.json')
    await writeFile(file, body)
    const run = (...args: string[]) => spawnSync(join(examples, 'sign.sh'), args, { env: environment, encoding: 'utf8' })
    const expected = signatureOf({ id: 'evt_1', timestamp: 1614265330, body }, [secret])
    expect(run('signature', 'evt_1', '1614265330', file).stdout.trim()).toBe(expected)
    const { url, output } = await start(process.execPath, 'receiver.ts')
    expect(run('post', url, file).stdout.trim()).toBe('204')
    await until(output, (text) => text.includes('endpoint.test evt_sample_'), 'the receiver takes the sample')
    await rm(dir, { recursive: true })
  })
})
