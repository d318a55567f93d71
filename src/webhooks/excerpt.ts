/** What is kept of an answer: the first 16 KiB as text, without anything secret that the receiver may have echoed. */

export const EXCERPT_BYTES = 16 * 1024

const redacted = '[redacted]'
const patterns = [/\b(?:spk|whsec|whsk)_[A-Za-z0-9+/=_-]{8,}/g, /\b(bearer|basic) +[A-Za-z0-9._~+/=-]{8,}/gi]

/** A debug page writes a secret with its prefix or without, as it is, or inside JSON or a URL. */
function spellings(secret: string): string[] {
  const bare = secret.replace(/^(whsec_|whsk_|v1a?,)/, '')
  return [bare, bare.replaceAll('/', String.raw`\/`), encodeURIComponent(bare)]
}

/** Not a character cut in half at the end: the decoder holds back what it has not seen whole. */
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes, { stream: true })

/** @param secrets values that must not appear, e.g. signing secrets and signatures */
export function excerptOf(body: Uint8Array, secrets: readonly string[]): string {
  let text = decode(body.subarray(0, EXCERPT_BYTES)).replaceAll('\0', '')
  for (const secret of secrets.flatMap(spellings)) text = text.replaceAll(secret, redacted)
  for (const pattern of patterns) text = text.replaceAll(pattern, redacted)
  // Bytes that are not UTF-8 became three bytes each.
  return decode(Buffer.from(text).subarray(0, EXCERPT_BYTES))
}
