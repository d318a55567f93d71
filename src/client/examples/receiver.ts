/**
 * A receiver in Node 24: `WEBHOOK_SECRET=whsec_… node receiver.ts 9000`. Verifies, tells repetitions apart, answers at once.
 * With v1a endpoints WEBHOOK_SECRET is the public key, whpk_….
 */
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { verifyWebhook, type WebhookEvent, WebhookVerificationError } from '../webhooks.ts'

const secret = process.env['WEBHOOK_SECRET'] ?? ''
const port = Number(process.argv[2] ?? 9000)

/** In production: a table with the id as its key. An event may come twice; its id stays the same. */
const seen = new Set<string>()

function take(event: WebhookEvent): void {
  if (seen.has(event.id)) return
  seen.add(event.id)
  if (event.type === 'variant.ready') {
    for (const { format, url } of event.data.renditions) say(`${event.data.segment_key} ${format} ${url}`)
  } else say(`${event.type} ${event.id}`)
}

const say = (text: string) => process.stdout.write(`${text}\n`)

const server = createServer((request, response) => {
  buffer(request)
    .then((body) => take(verifyWebhook(body, request.headers, secret)))
    .then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(error instanceof WebhookVerificationError ? 400 : 500).end(),
    )
})
server.listen(port, '127.0.0.1', () => say(`listening on ${JSON.stringify(server.address())}`))
