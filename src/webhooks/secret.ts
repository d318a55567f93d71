/**
 * Signing secrets as Standard Webhooks writes them: `whsec_` + base64 of 24–64 bytes (HMAC), `whsk_` + base64 of an
 * ed25519 seed and its public key, `whpk_` + base64 of that public key.
 */
import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign as signBytes } from 'node:crypto'

export type SignatureScheme = 'v1' | 'v1a'

export interface SigningKey {
  readonly scheme: SignatureScheme
  /** With v1a: what receivers verify with. */
  readonly publicKey: string | null
  /** `<scheme>,<base64>` over the UTF-8 bytes of the content. */
  readonly sign: (content: string) => string
}

const NEW_SECRET_BYTES = 32
const SEED_BYTES = 32
/** DER of a PKCS #8 ed25519 key, up to the seed (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Standard base64 in its one canonical form: what another library decodes is then what we decoded. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

function hmacKey(bytes: Buffer | undefined): SigningKey | undefined {
  if (!bytes || bytes.length < 24 || bytes.length > 64) return undefined
  const sign = (content: string) => `v1,${createHmac('sha256', bytes).update(content).digest('base64')}`
  return { scheme: 'v1', publicKey: null, sign }
}

const privateKeyOf = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })

const publicBytesOf = (key: KeyObject): Buffer => Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url')

/** The public half must belong to the seed: a mistyped one would make signatures that nobody can verify. */
function ed25519Key(bytes: Buffer | undefined): SigningKey | undefined {
  if (bytes?.length !== 2 * SEED_BYTES) return undefined
  const key = privateKeyOf(bytes.subarray(0, SEED_BYTES))
  const publicBytes = publicBytesOf(key)
  if (!publicBytes.equals(bytes.subarray(SEED_BYTES))) return undefined
  const sign = (content: string) => `v1a,${signBytes(null, Buffer.from(content), key).toString('base64')}`
  return { scheme: 'v1a', publicKey: `whpk_${publicBytes.toString('base64')}`, sign }
}

/** undefined when it is not a secret of either scheme */
export function parseSecret(secret: string): SigningKey | undefined {
  if (secret.startsWith('whsec_')) return hmacKey(decodeBase64(secret.slice(6)))
  return secret.startsWith('whsk_') ? ed25519Key(decodeBase64(secret.slice(5))) : undefined
}

/** @param random fills the given bytes from a cryptographic source */
export function newSecret(scheme: SignatureScheme, random: (bytes: Uint8Array) => Uint8Array): string {
  if (scheme === 'v1') return `whsec_${Buffer.from(random(new Uint8Array(NEW_SECRET_BYTES))).toString('base64')}`
  const seed = Buffer.from(random(new Uint8Array(SEED_BYTES)))
  return `whsk_${Buffer.concat([seed, publicBytesOf(privateKeyOf(seed))]).toString('base64')}`
}

/** What the domain asks of secrets, without their cryptography. */
export function createSigningKeys({ random }: { random: (bytes: Uint8Array) => Uint8Array }) {
  return {
    generate: (scheme: SignatureScheme): string => newSecret(scheme, random),
    /** undefined when it is not a secret of either scheme */
    inspect(secret: string): { readonly scheme: SignatureScheme; readonly publicKey: string | null } | undefined {
      const key = parseSecret(secret)
      return key && { scheme: key.scheme, publicKey: key.publicKey }
    },
  }
}
