/**
 * What a key may look like: the same rule for every store, so that a deployment can move from a folder to a bucket.
 * The rule is also what keeps a key from leaving the folder store's root.
 */
const segment = /^[^.\p{Cc}\\/][^\p{Cc}\\/]*$/u

/** Longest name that common file systems take, less what a temporary suffix needs. */
const segmentBytes = 240
/** S3's limit is 1024 with the prefix. */
const keyBytes = 900

export class BadKey extends Error {
  override readonly name = 'BadKey'
  constructor(key: string) {
    super(
      `${JSON.stringify(key.slice(0, 100))} is no object key: use segments joined by "/", none empty, none beginning with a dot, ` +
        `without backslashes and control characters, each at most ${segmentBytes} bytes and ${keyBytes} in all.`,
    )
  }
}

/** @returns the key's segments. @throws BadKey */
export function segmentsOf(key: string): readonly string[] {
  const segments = key.split('/')
  const fine = segments.every((part) => segment.test(part) && Buffer.byteLength(part) <= segmentBytes && part.isWellFormed())
  if (!fine || Buffer.byteLength(key) > keyBytes) throw new BadKey(key)
  return segments
}
