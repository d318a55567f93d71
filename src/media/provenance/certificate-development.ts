/**
 * A certificate that an installation makes for itself, so that its files are signed from the first minute. It proves that
 * a file is unchanged, not who made it: nobody has a reason to trust its root.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

const emailProtection = '1.3.6.1.5.5.7.3.4'
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const attributes = { organization: '2.5.4.10', commonName: '2.5.4.3' } as const

/** By which a certificate of ours is known for what it is, also in another installation. */
export const developmentOrganization = 'Spotsmith development certificate'

const years = 10
const dayMs = 86_400_000

interface Party {
  readonly name: Name
  readonly publicKey: KeyObject
}

const attribute = (type: string, value: string) =>
  new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: value }) })])

const nameOf = (commonName: string): Name =>
  new Name([attribute(attributes.organization, developmentOrganization), attribute(attributes.commonName, commonName)])

const infoOf = (key: KeyObject): SubjectPublicKeyInfo =>
  AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)

const keyIdOf = (key: KeyObject): ArrayBuffer =>
  bufferOf(
    createHash('sha1')
      .update(Buffer.from(infoOf(key).subjectPublicKey))
      .digest(),
  )

const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

const extension = (extnID: string, value: object, critical = false): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

function extensionsOf(subject: Party, issuer: Party, isAuthority: boolean): Extensions {
  const usage = isAuthority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature
  return new Extensions([
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: isAuthority }), true),
    extension(id_ce_keyUsage, new KeyUsage(usage), true),
    ...(isAuthority ? [] : [extension(id_ce_extKeyUsage, new ExtendedKeyUsage([emailProtection]))]),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdOf(subject.publicKey))),
    extension(
      id_ce_authorityKeyIdentifier,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdOf(issuer.publicKey)) }),
    ),
  ])
}

interface Issue {
  readonly subject: Party
  readonly issuer: Party & { readonly privateKey: KeyObject }
  readonly isAuthority: boolean
  readonly serial: Uint8Array
  readonly now: number
}

/** @returns PEM */
function issue({ subject, issuer, isAuthority, serial, now }: Issue): string {
  const signature = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    // Positive, and never with a leading zero byte.
    serialNumber: bufferOf(Uint8Array.from(serial, (byte, index) => (index === 0 ? (byte & 0x3f) | 0x40 : byte))),
    signature,
    issuer: issuer.name,
    validity: new Validity({ notBefore: new Date(now - dayMs), notAfter: new Date(now + years * 365 * dayMs) }),
    subject: subject.name,
    subjectPublicKeyInfo: infoOf(subject.publicKey),
    extensions: extensionsOf(subject, issuer, isAuthority),
  })
  const signatureValue = bufferOf(sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), issuer.privateKey))
  const der = AsnConvert.serialize(new Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue }))
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

export interface DevelopmentOptions {
  readonly now: number
  readonly random: (bytes: Uint8Array) => Uint8Array
}

/** @returns PEM: the key, its certificate, and the root that issued it, whose own key is kept by nobody */
export function createDevelopmentCertificate({ now, random }: DevelopmentOptions): string {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const root = pair()
  const leaf = pair()
  const authority = { name: nameOf('Spotsmith development root'), ...root }
  const signer = { name: nameOf('Spotsmith, unverified'), publicKey: leaf.publicKey }
  const certificate = (subject: Party, isAuthority: boolean) =>
    issue({ subject, issuer: authority, isAuthority, serial: random(new Uint8Array(16)), now })
  const key = leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return [key, certificate(signer, false), certificate(authority, true)].join('')
}
