/**
 * The capability in a link, `<file id>.<expiry>.<version>.<signature>`: who has it may read one file until a day. Pure; the
 * signature comes from a port. Expiries fall on day boundaries, so that a resource answers with the same links all day
 * and its ETag stays the same.
 */
const secondsPerDay = 86_400

export interface Capability {
  readonly fileId: string
  /** Seconds since the epoch; the link works before it. */
  readonly expiresAt: number
  /** Equals the file's `link_version`, or the link was revoked. */
  readonly version: number
}

const shape =
  /^(?<text>(?<fileId>file_[0-9a-z]{1,40})\.(?<expiresAt>\d{1,12})\.(?<version>\d{1,9}))\.(?<signature>[\w-]{16,128})$/

/** The first day boundary that is at least `days` after now. @param nowMs milliseconds since the epoch */
export const expiryOf = (nowMs: number, days: number): number =>
  Math.ceil((nowMs / 1000 + days * secondsPerDay) / secondsPerDay) * secondsPerDay

/** What is signed. */
export const capabilityText = ({ fileId, expiresAt, version }: Capability): string => `${fileId}.${expiresAt}.${version}`

/** undefined when the text cannot be a token of ours; the signature is still to be compared. */
export function parseToken(token: string): { capability: Capability; text: string; signature: string } | undefined {
  const parts = shape.exec(token)?.groups
  if (!parts) return undefined
  const { text = '', fileId = '', expiresAt, version, signature = '' } = parts
  return { text, signature, capability: { fileId, expiresAt: Number(expiresAt), version: Number(version) } }
}
