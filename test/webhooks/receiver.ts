/** A receiver on the loopback address that keeps what it gets and answers as told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
export type Answer = (response: ServerResponse, received: Received) => unknown

export const withStatus =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end()

export async function startReceiver() {
  const received: Received[] = []
  let answer: Answer = withStatus(204)
  const server = createServer((request, response) => {
    const take = (body: string) => {
      const one = { path: request.url ?? '', headers: request.headers, body }
      received.push(one)
      return answer(response, one)
    }
    // A sender that hangs up in the middle is not the receiver's fault.
    text(request).then(take, () => response.destroy())
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    /** From now on. */
    answer(next: Answer) {
      answer = next
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** @throws when the signature is not one of `secret` */
export const verified = (secret: string, { body, headers }: Received): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>)
