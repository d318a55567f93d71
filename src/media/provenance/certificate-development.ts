/**
 * A certificate that an installation makes for itself, so that its files are signed from the first minute. It proves that
 * a file is unchanged, not who made it: nobody has a reason to trust its root.
 */
import { generateKeyPairSync } from 'node:crypto'
import { type Issue, issueCertificate, nameOf, type Party } from './certificate-issue.ts'
import { signingPurposes } from './signer.ts'

/** By which a certificate of ours is known for what it is, also in another installation. */
export const developmentOrganization = 'Spotsmith development certificate'

const [emailProtection] = signingPurposes
const years = 10
const dayMs = 86_400_000

export interface DevelopmentOptions {
  readonly now: number
  readonly random: (bytes: Uint8Array) => Uint8Array
}

/** @returns PEM: the key, its certificate, and the root that issued it, whose own key is kept by nobody */
export function createDevelopmentCertificate({ now, random }: DevelopmentOptions): string {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const root = pair()
  const leaf = pair()
  const authority = { name: nameOf(developmentOrganization, 'Spotsmith development root'), ...root }
  const signer = { name: nameOf(developmentOrganization, 'Spotsmith, unverified'), publicKey: leaf.publicKey }
  const validity = { notBefore: new Date(now - dayMs), notAfter: new Date(now + years * 365 * dayMs) }
  const certificate = (subject: Party, more: Pick<Issue, 'isAuthority' | 'purposes'>) =>
    issueCertificate({ subject, issuer: authority, serial: random(new Uint8Array(16)), ...validity, ...more })
  const key = leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return [key, certificate(signer, { purposes: [emailProtection] }), certificate(authority, { isAuthority: true })].join('')
}
