import { Retryable } from '#src/errors.ts'
import { createClaimSigner } from '#src/media/provenance/claim-signer.ts'
import type { ProvenanceSigner } from '#src/media/provenance/signer.ts'
import { createPemSigner } from '#src/media/provenance/signer-pem.ts'
import { describeSigner } from '#test/conformance/provenance-signer.ts'
import { makeChain, type TestAlgorithm } from '#test/support/certificates.ts'
import { developmentPem } from '#test/support/signer.ts'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'

const now = () => Date.now()
const pem = ({ certificates, key }: { certificates: string; key: string }) =>
  createPemSigner({ status: 'signed', certificates, key, now })

for (const algorithm of ['es256', 'es384', 'es512', 'ed25519', 'ps256'] as const satisfies TestAlgorithm[]) {
  describeSigner(`PEM, ${algorithm}`, async () => {
    const chain = makeChain({ algorithm })
    return { signer: pem(chain), root: chain.root }
  })
}

describeSigner('the development certificate', async () => {
  const own = developmentPem()
  const signer = createPemSigner({ status: 'development', certificates: own, key: own, now })
  return { signer, root: own }
})

/** Stands for a key service: it holds the key, this side the certificates. */
describeSigner('a key service', async () => {
  const chain = makeChain()
  const held = pem(chain)
  const server = createServer((request, response) => {
    void buffer(request).then(async (bytes) => response.end(await held.sign(bytes)))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const signer: ProvenanceSigner = {
    ...held,
    sign: async (bytes) => {
      const answer = await fetch(url, { method: 'POST', body: Uint8Array.from(bytes) })
      return new Uint8Array(await answer.arrayBuffer())
    },
  }
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { signer, root: chain.root, close }
})

describe('a certificate that must not sign', () => {
  const good = makeChain()
  const other = makeChain()
  const damaged = good.leaf.replace(/\n[A-Za-z0-9+/]{64}\n/, '\nAAAA\n')
  it.each([
    ['none at all', { ...good, certificates: 'nothing' }, /no PEM certificate/],
    ['a damaged one', { ...good, certificates: damaged }, /damaged certificate/],
    ['no key', { ...good, key: good.certificates }, /no private key/],
    ['another’s key', { ...good, key: other.key }, /does not belong to the private key/],
    ['an expired one', makeChain({ from: -60, to: -2 }), /expired on \d{4}-\d\d-\d\d/],
    ['one of tomorrow', makeChain({ from: 1 }), /not valid before/],
    ['one for web servers', makeChain({ purposes: ['1.3.6.1.5.5.7.3.1'] }), /extended key usage/],
    ['one for anything', makeChain({ purposes: [] }), /extended key usage/],
    ['an authority', makeChain({ isAuthority: true }), /certificate authority/],
    ['a broken chain', { ...good, certificates: good.leaf + other.root }, /no chain/],
  ] as const)('%s', (_name, chain, reason) => {
    expect(() => pem(chain)).toThrow(reason)
  })

  it('one that expires while the service runs: later, not never', async () => {
    const chain = makeChain({ to: 1 })
    let time = Date.now()
    const signer = createPemSigner({ status: 'signed', ...chain, now: () => time })
    await signer.sign(Buffer.from('today'))
    time += 2 * 86_400_000
    const refused = signer.sign(Buffer.from('tomorrow'))
    await expect(refused).rejects.toThrow(/expired/)
    await expect(refused).rejects.toBeInstanceOf(Retryable)
  })

  it('never says the key', () => {
    try {
      pem({ ...good, key: `${good.key.slice(0, 60)}!!` })
    } catch (error) {
      expect(String((error as Error).message)).not.toContain(good.key.slice(30, 50))
    }
  })
})

describe('a claim signer', () => {
  it('gives every signature the size that was reserved for it', async () => {
    const chain = makeChain()
    const plain = createClaimSigner(pem(chain))
    const token = (size: number) => createClaimSigner(pem(chain), () => Promise.resolve(new Uint8Array(size)))
    for (const signer of [plain, token(100), token(4000), token(8000)]) {
      const sizes = await Promise.all([1, 300, 70_000].map(async (size) => (await signer.sign(new Uint8Array(size))).length))
      expect(sizes).toEqual([signer.reservedBytes, signer.reservedBytes, signer.reservedBytes])
    }
    await expect(token(60_000).sign(new Uint8Array(1))).rejects.toThrow(/more than/)
  })
})
