/** A service that breaks its contract in one of ten ways: what the fuzzer must find. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool } from 'undici'
import { textOf } from './run.ts'

interface Reply {
  status: number
  headers: Record<string, string>
  text: string
}

type Corrupt = (reply: Reply, asked: { readonly authorized: boolean; readonly list: boolean }) => void

const edit = (reply: Reply, change: (body: Record<string, unknown>) => void): void => {
  if (!/[/+]json/.test(reply.headers['content-type'] ?? '') || reply.text === '') return
  const body = JSON.parse(reply.text) as Record<string, unknown>
  change(body)
  reply.text = JSON.stringify(body)
}
const ok = ({ status }: Reply) => status < 300

/** @param foreign text of another workspace */
export const corruptions = (foreign: string): Readonly<Record<string, Corrupt>> => ({
  'answers 500 for bad input': (reply) => void (reply.status === 422 && (reply.status = 500)),
  'answers a status that is not declared': (reply) => void (ok(reply) && (reply.status = 299)),
  'leaves a field out': (reply) => ok(reply) && edit(reply, (body) => delete body[Object.keys(body).at(-1)!]),
  'gives a field another type': (reply) => ok(reply) && edit(reply, (body) => (body[Object.keys(body)[0]!] = { other: 1 })),
  'cuts JSON off': (reply) => void (ok(reply) && (reply.text = reply.text.slice(0, -1))),
  'sends problems as plain JSON': (reply) => void (!ok(reply) && (reply.headers['content-type'] = 'application/json')),
  'contradicts its status in the problem': (reply) => !ok(reply) && edit(reply, (body) => (body['status'] = 200)),
  'forgets the request id': (reply) => void delete reply.headers['x-request-id'],
  'lets requests without a key in': (reply, { authorized }) => {
    if (!authorized && reply.status === 401) Object.assign(reply, { status: 204, text: '' })
  },
  "shows another workspace's rows": (reply, { list }) => {
    if (ok(reply) && list) reply.text = reply.text.replace(/"(name|type|segment_key|description)":"[^"]*"/, `"$1":"${foreign}"`)
  },
})

/** @returns its address, and `corrupt`, which may be changed between requests */
export async function startCorruptingProxy(target: string) {
  const pool = new Pool(target, { connections: 16 })
  const state: { corrupt: Corrupt } = { corrupt: () => {} }
  const server = createServer((request, response) => void pass(request, response)).listen(0, '127.0.0.1')
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...headers } = request.headers
    const answer = await pool.request({
      method: request.method as 'GET',
      path: request.url!,
      headers,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    })
    const kept = Object.entries(answer.headers).filter(
      ([name]) => !/^(content-length|transfer-encoding|connection|keep-alive)$/.test(name),
    )
    const reply: Reply = {
      status: answer.statusCode,
      headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
      text: await textOf(answer),
    }
    const authorized = request.headers.authorization !== undefined
    state.corrupt(reply, { authorized, list: request.method === 'GET' && reply.text.startsWith('{"data"') })
    response.writeHead(reply.status, reply.headers).end(reply.text)
  }
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    state,
    async close() {
      server.closeAllConnections()
      server.close()
      await pool.close()
    },
  }
}
