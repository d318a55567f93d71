/** The bytes of a finished job, and every way of spoiling them. */
import { type Exchange, reset, sendError } from './http.ts'
import type { Job, Wanted } from './jobs.ts'
import { type Orders, points } from './orders.ts'

interface Dependencies {
  readonly orders: Orders
  readonly makeClip: (wanted: Wanted) => Promise<Uint8Array>
  readonly wait: (ms: number) => Promise<void>
}

const piecesPerSecond = 10

export function createResult({ orders, makeClip, wait }: Dependencies) {
  const head = ({ response }: Exchange, bytes: number): void =>
    void response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes })

  async function slowly(exchange: Exchange, clip: Uint8Array, bytesPerSecond: number): Promise<void> {
    head(exchange, clip.byteLength)
    const piece = Math.max(1, Math.ceil(bytesPerSecond / piecesPerSecond))
    for (let at = 0; at < clip.byteLength && !exchange.response.destroyed; at += piece) {
      exchange.response.write(clip.subarray(at, at + piece))
      await wait(1000 / piecesPerSecond)
    }
    exchange.response.end()
  }

  /** Half of what the header announced, then a broken connection. */
  function truncated(exchange: Exchange, clip: Uint8Array): void {
    head(exchange, clip.byteLength)
    exchange.response.write(clip.subarray(0, clip.byteLength >> 1), () => reset(exchange))
  }

  return async function send(exchange: Exchange, job: Job): Promise<void> {
    const order = orders.take(points.content, job.wanted)
    if (order?.fault === 'expire') return sendError(exchange, 403, 'expired', 'The link has expired.')
    if (order?.fault === 'content_error') return sendError(exchange, order.status, 'server_error', 'On order.')
    if (order?.fault === 'wrong_type') {
      return void exchange.response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please sign in</html>')
    }
    const clip = await makeClip(job.wanted)
    if (order?.fault === 'truncate') return truncated(exchange, clip)
    if (order?.fault === 'slow') return slowly(exchange, clip, order.bytes_per_second)
    head(exchange, clip.byteLength)
    exchange.response.end(clip)
  }
}
