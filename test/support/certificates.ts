/** Certificates for tests, right ones and wrong ones. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { issueCertificate, nameOf } from '#src/media/provenance/certificate-issue.ts'
import type { Algorithm } from '#src/media/provenance/signer.ts'
import { random } from './signer.ts'

const dayMs = 86_400_000
export const emailProtection = '1.3.6.1.5.5.7.3.4'

const pairs = {
  es256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  es384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  es512: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  ps256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
} as const satisfies Partial<Record<Algorithm, () => { publicKey: KeyObject; privateKey: KeyObject }>>
export type TestAlgorithm = keyof typeof pairs

interface ChainOptions {
  readonly algorithm?: TestAlgorithm
  readonly name?: string
  readonly purposes?: readonly string[]
  /** Days from now. */
  readonly from?: number
  readonly to?: number
  readonly isAuthority?: boolean
}

export interface TestChain {
  /** PEM: the signing certificate, an intermediate. */
  readonly certificates: string
  readonly leaf: string
  readonly root: string
  readonly key: string
}

/** A signing certificate under an intermediate under a root. */
export function makeChain(options: ChainOptions = {}): TestChain {
  const { algorithm = 'es256', name = 'Acme', purposes = [emailProtection], from = -1, to = 30, isAuthority = false } = options
  const party = (commonName: string, pair = pairs.es256()) => ({ name: nameOf(name, commonName), ...pair })
  const [root, middle, leaf] = [party('Root'), party('Intermediate'), party('Signer', pairs[algorithm]())]
  const at = (days: number) => new Date(Date.now() + days * dayMs)
  const long = { notBefore: at(-1000), notAfter: at(3650) }
  const serial = () => random(new Uint8Array(16))
  const certificate = issueCertificate({
    subject: leaf,
    issuer: middle,
    isAuthority,
    purposes,
    serial: serial(),
    notBefore: at(from),
    notAfter: at(to),
  })
  const intermediate = issueCertificate({ subject: middle, issuer: root, isAuthority: true, serial: serial(), ...long })
  return {
    certificates: certificate + intermediate,
    leaf: certificate,
    root: issueCertificate({ subject: root, issuer: root, isAuthority: true, serial: serial(), ...long }),
    key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}
