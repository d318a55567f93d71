/** What every holder of a signing key promises; run over each in test/media/provenance. */
import { createClaimSigner } from '#src/media/provenance/claim-signer.ts'
import { algorithms, type ProvenanceSigner } from '#src/media/provenance/signer.ts'
import { verifyFile } from '#src/media/provenance/verify-file.ts'
import { signInto } from '#test/support/signed-file.ts'
import { constants, verify, X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

export interface OpenedSigner {
  readonly signer: ProvenanceSigner
  /** PEM of the root above its chain. */
  readonly root: string
  close?(): Promise<void>
}

export function describeSigner(name: string, open: () => Promise<OpenedSigner>): void {
  describe(`provenance signer: ${name}`, () => {
    let opened: OpenedSigner
    let dir: string
    beforeAll(async () => {
      opened = await open()
      dir = await mkdtemp(join(tmpdir(), 'spotsmith-signer-'))
    })
    afterAll(async () => {
      await opened?.close?.()
      await rm(dir, { recursive: true, force: true })
    })

    it('says who signs: the signing certificate first, the root left out, valid now', () => {
      const { chain, notAfter, commonName } = opened.signer
      const certificates = chain.map((der) => new X509Certificate(der))
      expect(certificates.some((one) => one.checkIssued(one))).toBe(false)
      certificates.slice(1).forEach((issuer, index) => expect(certificates[index]!.checkIssued(issuer)).toBe(true))
      expect(notAfter.getTime()).toBeGreaterThan(Date.now())
      expect(certificates[0]!.toLegacyObject().subject.CN).toBe(commonName)
    })

    it('signs bytes so that its certificate verifies them, many at once', async () => {
      const { signer } = opened
      const key = new X509Certificate(signer.chain[0]!).publicKey
      const { hash } = algorithms[signer.algorithm]
      const messages = Array.from({ length: 8 }, (_, i) => Buffer.alloc(1 + i * 500, i))
      const signatures = await Promise.all(messages.map((message) => signer.sign(message)))
      const options = signer.algorithm.startsWith('ps')
        ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : { key, dsaEncoding: 'ieee-p1363' as const }
      const good = messages.map((message, i) => verify(hash, message, options, signatures[i]!))
      expect(good).toEqual(messages.map(() => true))
      expect(verify(hash, Buffer.from('other'), options, signatures[0]!)).toBe(false)
    })

    it('signs files that read back as valid, and as trusted by whoever trusts its root', async () => {
      const { files } = await signInto(dir, createClaimSigner(opened.signer))
      for (const [path, format] of [
        [files.video, 'video/mp4'],
        [files.poster, 'image/jpeg'],
      ] as const) {
        const found = await verifyFile(path, { format, trusted: opened.root })
        expect(found).toMatchObject({ status: 'valid', trusted: true, faults: [] })
        expect(found.signed_by).toMatchObject({ common_name: opened.signer.commonName, organization: opened.signer.organization })
      }
    })
  })
}
