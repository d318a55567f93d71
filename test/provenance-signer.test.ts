/** Who signs, from the settings: what is wrong is said before the first file is made. */
import { createGuard } from '#src/network/guard.ts'
import { createOutgoing } from '#src/network/outgoing.ts'
import { openProvenanceSigner, readTrustedRoots } from '#src/provenance-signer.ts'
import { createTimestamps } from '#src/media/provenance/timestamp.ts'
import { makeChain } from '#test/support/certificates.ts'
import { random } from '#test/support/signer.ts'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let dir: string
const outgoing = createOutgoing({ guard: createGuard({ allowed: ['127.0.0.0/8'], insecure: true }) })
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spotsmith-signer-'))
})
afterAll(async () => {
  await outgoing.close()
  await rm(dir, { recursive: true, force: true })
})

const around = { now: () => Date.now(), random, post: outgoing.post }

async function settings({ certificates, key }: { certificates: string; key: string }) {
  const [certificate, keyFile] = [join(dir, 'chain.pem'), join(dir, 'key.pem')]
  await writeFile(certificate, certificates)
  await writeFile(keyFile, key)
  return { ...none, C2PA_CERTIFICATE_FILE: certificate, C2PA_KEY_FILE: keyFile }
}
const none = {
  C2PA_CERTIFICATE_FILE: undefined,
  C2PA_KEY_FILE: undefined,
  C2PA_TIMESTAMP_URL: undefined,
  C2PA_TRUST_FILE: undefined,
  get DATA_DIR() {
    return dir
  },
}

describe('the signer of an installation', () => {
  it('is a development certificate when nothing is set: made once, and the same at the next start', async () => {
    const first = await openProvenanceSigner(none, around)
    expect(first.identity).toMatchObject({ status: 'development', timestamped: false })
    expect((await openProvenanceSigner(none, around)).identity).toEqual(first.identity)
  })

  it('is the certificate of the settings', async () => {
    const { identity } = await openProvenanceSigner(await settings(makeChain({ name: 'Acme' })), around)
    expect(identity).toMatchObject({ status: 'signed', organization: 'Acme', common_name: 'Signer' })
  })

  it.each([
    ['expired', makeChain({ from: -10, to: -1 }), /C2PA_CERTIFICATE_FILE.*chain\.pem expired on/],
    ['for something else', makeChain({ purposes: ['1.3.6.1.5.5.7.3.1'] }), /must not sign C2PA/],
    ['not of this key', { ...makeChain(), key: makeChain().key }, /does not belong to the private key/],
  ])('is refused, and the file named, when it is %s', async (_name, chain, reason) => {
    await expect(openProvenanceSigner(await settings(chain), around)).rejects.toThrow(reason)
  })

  it('is refused when the key is missing', async () => {
    const missing = { ...(await settings(makeChain())), C2PA_KEY_FILE: join(dir, 'nowhere.pem') }
    await expect(openProvenanceSigner(missing, around)).rejects.toThrow(/C2PA_KEY_FILE.*nowhere\.pem cannot be read \(ENOENT\)/)
  })

  it('is refused when the kept certificate is damaged, and never silently replaced', async () => {
    const path = join(dir, 'development-certificate.pem')
    await openProvenanceSigner(none, around)
    const good = await readFile(path, 'utf8')
    await writeFile(path, good.replace(/-----BEGIN CERTIFICATE-----[^]*/, 'x'.repeat(40)))
    await expect(openProvenanceSigner(none, around)).rejects.toThrow(/remove it to get a new one/)
    await writeFile(path, good)
  })

  it('has roots to trust only where they are given, and real ones', async () => {
    expect(await readTrustedRoots(none)).toBeNull()
    const file = join(dir, 'roots.pem')
    await writeFile(file, makeChain().root)
    expect(await readTrustedRoots({ ...none, C2PA_TRUST_FILE: file })).toContain('BEGIN CERTIFICATE')
    await writeFile(file, 'none')
    await expect(readTrustedRoots({ ...none, C2PA_TRUST_FILE: file })).rejects.toThrow(/C2PA_TRUST_FILE/)
  })
})

describe('a time-stamp server that gives none', () => {
  const answering = async (status: number, body: string) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
  }

  it.each([
    [500, 'no', /answered 500/],
    [200, 'no', /time-stamp/],
    // PKIStatusInfo { status rejection }
    [200, Buffer.from('300530030201 02'.replace(' ', ''), 'hex').toString('latin1'), /refused/],
  ] as const)('keeps the file from being signed: %i', async (status, body, reason) => {
    const { server, url } = await answering(status, body)
    const timestamp = createTimestamps({ url, post: outgoing.post, random })
    await expect(timestamp(Buffer.from('x'))).rejects.toThrow(reason)
    await new Promise((resolve) => server.close(resolve))
  })

  it('is not asked where the target guard forbids it', async () => {
    const guarded = createOutgoing({ guard: createGuard({ allowed: [], insecure: true }) })
    const timestamp = createTimestamps({ url: 'http://169.254.169.254/tsa', post: guarded.post, random })
    await expect(timestamp(Buffer.from('x'))).rejects.toThrow(/no time-stamp/)
    await guarded.close()
  })
})
