/** Counts and hashes bytes on their way into a store, so that what is recorded is what was written. */
import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'

/** @returns a stream to pipe through, and its result once it has ended */
export function createHashing(): { stream: Transform; result: () => { bytes: number; sha256: string } } {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  return { stream, result: () => ({ bytes, sha256: hash.digest('hex') }) }
}
