/** Size limits on answers of foreign hosts. */
import { pipeline, type Readable, Transform } from 'node:stream'

export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
  constructor(maxBytes: number) {
    super(`The answer is larger than ${maxBytes} bytes.`)
  }
}

/** The first bytes of a body, whatever becomes of the rest; ends the connection when there is more. */
export async function readHead(body: Readable, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= maxBytes) break
    }
  } catch {
    // What came before the fault is still worth keeping, and the caller already has the status.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes)
}

/** The same bytes, or ResponseTooLarge. */
export function limited(body: Readable, maxBytes: number): Readable {
  let bytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(new ResponseTooLarge(maxBytes))
      else done(null, chunk)
    },
  })
  // A fault reaches the reader through `limit`; the callback only keeps it from being thrown a second time.
  return pipeline(body, limit, () => {})
}
