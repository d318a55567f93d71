/** What a certificate must be so that C2PA readers accept what it signs (C2PA 2.x, "X.509 Certificates"). */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate, id_ce_keyUsage, KeyUsage, KeyUsageFlags } from '@peculiar/asn1-x509'
import { type Algorithm, signingPurposes } from './signer.ts'

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

export class BadCertificate extends Error {
  override readonly name = 'BadCertificate'
}

/** @throws BadCertificate when there is none, or one is damaged */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(block) ?? []
  if (blocks.length === 0) throw new BadCertificate('has no PEM certificate ("-----BEGIN CERTIFICATE-----")')
  return blocks.map((one, index) => {
    try {
      return new X509Certificate(one)
    } catch (cause) {
      throw new BadCertificate(`has a damaged certificate (number ${index + 1})`, { cause })
    }
  })
}

/** @throws BadCertificate */
export function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new BadCertificate('has no private key that can be read; expected an unencrypted PEM ("-----BEGIN PRIVATE KEY-----")', {
      cause,
    })
  }
}

const curves: Readonly<Record<string, Algorithm>> = { prime256v1: 'es256', secp384r1: 'es384', secp521r1: 'es512' }

/** @throws BadCertificate for a key that C2PA has no algorithm for */
export function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): Algorithm {
  if (type === 'ed25519') return 'ed25519'
  const curve = curves[details?.namedCurve ?? '']
  if (type === 'ec' && curve) return curve
  if ((type === 'rsa' || type === 'rsa-pss') && (details?.modulusLength ?? 0) >= 2048) return 'ps256'
  throw new BadCertificate(
    'has a key of a kind that C2PA does not know; use P-256, P-384, P-521, Ed25519, or RSA of 2048 bits or more',
  )
}

const isoDay = (date: Date): string => date.toISOString().slice(0, 10)

/** Why a certificate cannot sign at a moment; undefined when it can. */
export function dateProblem({ validFromDate: from, validToDate: to }: X509Certificate, now: number): string | undefined {
  if (now > to.getTime()) return `expired on ${isoDay(to)}; put a valid one in its place`
  return now < from.getTime() ? `is not valid before ${isoDay(from)}` : undefined
}

function maySign({ raw }: X509Certificate): boolean {
  const { extensions = [] } = AsnConvert.parse(raw, Certificate).tbsCertificate
  const usage = extensions.find(({ extnID }) => extnID === id_ce_keyUsage)
  return usage !== undefined && (AsnConvert.parse(usage.extnValue, KeyUsage).toNumber() & KeyUsageFlags.digitalSignature) !== 0
}

function purposeProblem(leaf: X509Certificate): string | undefined {
  if (leaf.ca) return 'is a certificate authority; the first certificate must be the one that signs'
  if (!maySign(leaf)) return 'must not sign: its key usage lacks digitalSignature'
  // Node names the extended key usage so.
  const purposes = (leaf.keyUsage as string[] | undefined) ?? []
  if (purposes.some((purpose) => (signingPurposes as readonly string[]).includes(purpose))) return undefined
  return 'must not sign C2PA: its extended key usage has neither emailProtection, documentSigning nor C2PA claim signing'
}

const issuedInOrder = (chain: readonly X509Certificate[]): boolean =>
  chain.every(
    (certificate, index) =>
      index === 0 || (chain[index - 1]!.checkIssued(certificate) && chain[index - 1]!.verify(certificate.publicKey)),
  )

const isRoot = (certificate: X509Certificate): boolean => certificate.checkIssued(certificate)

/**
 * The chain that goes into files: the signing certificate first, the root left out.
 * @throws BadCertificate with what is wrong, as the end of a sentence that begins with the file's name
 */
export function checkChain(chain: readonly X509Certificate[], key: KeyObject, now: number): readonly X509Certificate[] {
  const [leaf] = chain as readonly [X509Certificate]
  if (!leaf.checkPrivateKey(key))
    throw new BadCertificate('does not belong to the private key: the first certificate has another public key')
  const problem = dateProblem(leaf, now) ?? purposeProblem(leaf)
  if (problem) throw new BadCertificate(problem)
  if (!issuedInOrder(chain)) throw new BadCertificate('is no chain: each certificate must be issued by the one after it')
  if (isRoot(leaf))
    throw new BadCertificate('is self-signed, which no C2PA reader accepts; have it issued by a certificate authority')
  return chain.filter((certificate) => !isRoot(certificate))
}
