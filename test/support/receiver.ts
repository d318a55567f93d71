/** A webhook consumer for tests: keeps every delivery, verified or not. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

export interface Received {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly verified: boolean
}

export async function startReceiver() {
  const received: Received[] = []
  let secret: string | undefined
  const verify = (body: string, headers: Record<string, string>) => {
    try {
      new Webhook(secret!).verify(body, headers)
      return true
    } catch {
      return false
    }
  }
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      const { type, data } = JSON.parse(body) as Received
      received.push({
        id: String(request.headers['webhook-id']),
        type,
        data,
        verified: verify(body, request.headers as Record<string, string>),
      })
      response.writeHead(204).end()
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    trust: (value: string) => (secret = value),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
