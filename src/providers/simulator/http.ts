/** The little HTTP that the simulator needs: bodies in, JSON out, and breaking connections on purpose. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}

export function sendJson({ response }: Exchange, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers })
  response.end(text)
}

export const sendError = (
  exchange: Exchange,
  status: number,
  code: string,
  message: string,
  more: Record<string, unknown> = {},
): void => sendJson(exchange, status, { error: { code, message, ...more } })

/** A reset, not an orderly end. */
export const reset = ({ request }: Exchange): void => void request.socket.resetAndDestroy()

export const retryAfterHeader = (value: number | string | undefined): Record<string, string> =>
  value === undefined ? {} : { 'retry-after': String(value) }

/** Fields of a JSON body or of a form, whichever it says it is; undefined for anything else. */
export async function readFields({
  request,
}: Exchange): Promise<{ fields: Record<string, unknown>; multipart: boolean } | undefined> {
  const body = await buffer(request)
  const type = request.headers['content-type'] ?? ''
  try {
    if (!type.startsWith('multipart/form-data'))
      return { fields: JSON.parse(body.toString()) as Record<string, unknown>, multipart: false }
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
    return {
      fields: Object.fromEntries([...form].map(([name, value]) => [name, typeof value === 'string' ? value : value.name])),
      multipart: true,
    }
  } catch {
    return undefined
  }
}
