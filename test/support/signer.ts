/** Signers for tests: a development certificate made now, and an identity for where nothing is really signed. */
import type { SigningIdentity } from '#src/contracts/provenance.ts'
import { createDevelopmentCertificate } from '#src/media/provenance/certificate-development.ts'
import { type ClaimSigner, createClaimSigner } from '#src/media/provenance/claim-signer.ts'
import { createPemSigner } from '#src/media/provenance/signer-pem.ts'
import { randomFillSync } from 'node:crypto'

export const testIdentity: SigningIdentity = {
  status: 'development',
  organization: 'Test',
  common_name: 'Test',
  certificate_sha256: '0'.repeat(64),
  not_after: '2036-01-01T00:00:00.000Z',
  timestamped: false,
}

export const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes)

/** @returns PEM: key, certificate, root */
export const developmentPem = (now = Date.now()): string => createDevelopmentCertificate({ now, random })

export function developmentSigner(pem = developmentPem()): ClaimSigner {
  return createClaimSigner(createPemSigner({ status: 'development', certificates: pem, key: pem, now: Date.now }))
}
