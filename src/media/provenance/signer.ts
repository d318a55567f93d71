/**
 * The port to whoever holds the signing key: a PEM file here (signer-pem.ts), a key service in another installation. The
 * key never enters a compositor child, which reads hostile files: the child builds the claim and asks for a signature.
 * Every implementation passes test/conformance/provenance-signer.ts.
 */
import type { SigningIdentity } from '#src/contracts/provenance.ts'

/** COSE algorithms that C2PA allows, by its names. */
export const algorithms = {
  es256: { cose: -7, hash: 'sha256' },
  es384: { cose: -35, hash: 'sha384' },
  es512: { cose: -36, hash: 'sha512' },
  ps256: { cose: -37, hash: 'sha256' },
  ps384: { cose: -38, hash: 'sha384' },
  ps512: { cose: -39, hash: 'sha512' },
  ed25519: { cose: -8, hash: null },
} as const
export type Algorithm = keyof typeof algorithms

/** Extended key usages that C2PA readers accept: e-mail protection, document signing, C2PA's own. */
export const signingPurposes = ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.36', '1.3.6.1.4.1.62558.2.1'] as const

export interface ProvenanceSigner {
  readonly status: SigningIdentity['status']
  readonly algorithm: Algorithm
  /** DER, the signing certificate first, without the root. */
  readonly chain: readonly Uint8Array[]
  readonly organization: string | null
  readonly commonName: string | null
  readonly notAfter: Date
  /**
   * @returns the raw signature in COSE's form (r‖s for ECDSA)
   * @throws Retryable when it cannot sign now: the certificate has expired, the key service is away
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}
