/** Makes X.509 certificates, which Node can only read. Signed with ECDSA on P-256 by their issuer. */
import { createHash, type KeyObject, sign } from 'node:crypto'
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

const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const attributes = { organization: '2.5.4.10', commonName: '2.5.4.3' } as const

export interface Party {
  readonly name: Name
  readonly publicKey: KeyObject
}

const attribute = (type: string, value: string) =>
  new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: value }) })])

export const nameOf = (organization: string, commonName: string): Name =>
  new Name([attribute(attributes.organization, organization), attribute(attributes.commonName, commonName)])

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

function extensionsOf({ subject, issuer, isAuthority = false, purposes = [] }: Issue): Extensions {
  const usage = isAuthority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature
  return new Extensions([
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: isAuthority }), true),
    extension(id_ce_keyUsage, new KeyUsage(usage), true),
    ...(purposes.length === 0 ? [] : [extension(id_ce_extKeyUsage, new ExtendedKeyUsage([...purposes]), critical(purposes))]),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdOf(subject.publicKey))),
    extension(
      id_ce_authorityKeyIdentifier,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdOf(issuer.publicKey)) }),
    ),
  ])
}

/** RFC 3161: a time-stamp server's purpose is critical, and its only one. */
const critical = (purposes: readonly string[]): boolean => purposes.includes('1.3.6.1.5.5.7.3.8')

export interface Issue {
  readonly subject: Party
  readonly issuer: Party & { readonly privateKey: KeyObject }
  readonly isAuthority?: boolean
  /** Extended key usage, object identifiers. */
  readonly purposes?: readonly string[]
  readonly serial: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

/** @returns PEM */
export function issueCertificate(order: Issue): string {
  const { subject, issuer, serial, notBefore, notAfter } = order
  const signature = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    // Positive, and never with a leading zero byte.
    serialNumber: bufferOf(Uint8Array.from(serial, (byte, index) => (index === 0 ? (byte & 0x3f) | 0x40 : byte))),
    signature,
    issuer: issuer.name,
    validity: new Validity({ notBefore, notAfter }),
    subject: subject.name,
    subjectPublicKeyInfo: infoOf(subject.publicKey),
    extensions: extensionsOf(order),
  })
  const signatureValue = bufferOf(sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), issuer.privateKey))
  const der = AsnConvert.serialize(new Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue }))
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
