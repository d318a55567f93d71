/** A webhook consumer: verifies the signature of every delivery with the Standard Webhooks library, and counts. */
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { Webhook } from 'standardwebhooks'

export interface ReceivedEvent {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Receiver {
  readonly url: string
  /** Events whose signature was right, by id: a repeated delivery counts once. */
  readonly verified: ReadonlyMap<string, ReceivedEvent>
  /** Deliveries whose signature was wrong. */
  readonly forged: () => number
  trust(secret: string): void
  /** Waits until `enough` says so. @throws after `timeoutMs` */
  until(enough: (events: ReadonlyMap<string, ReceivedEvent>) => boolean, timeoutMs: number): Promise<void>
  close(): Promise<void>
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

export async function startReceiver(): Promise<Receiver> {
  const verified = new Map<string, ReceivedEvent>()
  const news = new EventEmitter()
  let webhook: Webhook | undefined
  let forged = 0

  const take = (body: string, headers: IncomingMessage['headers']): number => {
    try {
      const { type, data } = webhook!.verify(body, headers as Record<string, string>) as Omit<ReceivedEvent, 'id'>
      verified.set(String(headers['webhook-id']), { id: String(headers['webhook-id']), type, data })
      news.emit('event')
      return 204
    } catch {
      forged++
      return 401
    }
  }
  const server = createServer((request, response) => {
    bodyOf(request).then(
      (body) => response.writeHead(take(body, request.headers)).end(),
      () => response.destroy(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    verified,
    forged: () => forged,
    trust: (secret) => {
      webhook = new Webhook(secret)
    },
    until: async (enough, timeoutMs) => {
      const signal = AbortSignal.timeout(timeoutMs)
      while (!enough(verified)) await once(news, 'event', { signal })
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
