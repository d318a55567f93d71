/** A signer with its time-stamp server, as the compositor asks it for signatures. */
import { createHash } from 'node:crypto'
import type { SigningIdentity } from '#src/contracts/provenance.ts'
import { coseSign1, reservedBytes } from './cose.ts'
import type { Algorithm, ProvenanceSigner } from './signer.ts'

export interface ClaimSigner {
  readonly identity: SigningIdentity
  readonly algorithm: Algorithm
  /** Size of every signature with its certificates and time-stamp. */
  readonly reservedBytes: number
  /** @returns COSE_Sign1 over a C2PA claim @throws Retryable */
  readonly sign: (claim: Uint8Array) => Promise<Uint8Array>
}

/** @param timestamp asks a time-stamp server; without it signatures prove no time */
export function createClaimSigner(signer: ProvenanceSigner, timestamp?: (bytes: Uint8Array) => Promise<Uint8Array>): ClaimSigner {
  const { status, algorithm, chain, organization, commonName, notAfter } = signer
  return {
    identity: {
      status,
      organization,
      common_name: commonName,
      certificate_sha256: createHash('sha256').update(chain[0]!).digest('hex'),
      not_after: notAfter.toISOString(),
      timestamped: timestamp !== undefined,
    },
    algorithm,
    reservedBytes: reservedBytes(signer, timestamp !== undefined),
    sign: (claim) => coseSign1(signer, claim, { timestamp }),
  }
}
