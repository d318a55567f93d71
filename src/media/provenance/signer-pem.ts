/** Signs with a key and a certificate chain in PEM, held by this process. */
import { constants, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import { Retryable } from '#src/errors.ts'
import { algorithmOf, checkChain, dateProblem, readCertificates, readPrivateKey } from './certificate.ts'
import { type Algorithm, algorithms, type ProvenanceSigner } from './signer.ts'

export interface PemSignerOptions {
  readonly status: ProvenanceSigner['status']
  /** The signing certificate first; a root at the end is left out of the files. */
  readonly certificates: string
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Whoever looks after the installation has to act first. */
const expiredAfterMs = 300_000

function signWith(algorithm: Algorithm, key: KeyObject, bytes: Uint8Array): Uint8Array {
  const { hash } = algorithms[algorithm]
  if (algorithm.startsWith('es')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
  if (algorithm === 'ed25519') return sign(null, bytes, key)
  return sign(hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })
}

/** One attribute of the subject; `subject` itself has it escaped. A name may stand there more than once. */
function part(certificate: X509Certificate, name: 'O' | 'CN'): string | null {
  const value: string | string[] | undefined = certificate.toLegacyObject().subject[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** @throws BadCertificate whose message ends a sentence that begins with the file's name */
export function createPemSigner({ status, certificates, key: keyPem, now }: PemSignerOptions): ProvenanceSigner {
  const key = readPrivateKey(keyPem)
  const chain = checkChain(readCertificates(certificates), key, now())
  const [leaf] = chain as readonly [X509Certificate]
  const algorithm = algorithmOf(key)
  return {
    status,
    algorithm,
    chain: chain.map(({ raw }) => raw),
    organization: part(leaf, 'O'),
    commonName: part(leaf, 'CN'),
    notAfter: leaf.validToDate,
    async sign(bytes) {
      const problem = dateProblem(leaf, now())
      if (problem) throw new Retryable(`The signing certificate ${problem}.`, { afterMs: expiredAfterMs })
      return signWith(algorithm, key, bytes)
    },
  }
}
