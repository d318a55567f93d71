import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { createGuard } from '#src/network/guard.ts'
import { ResponseTooLarge } from '#src/network/limits.ts'
import { createOutgoing, type Outgoing } from '#src/network/outgoing.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function listen(server: Server | TcpServer, host = '127.0.0.1'): Promise<string> {
  const ready = Promise.withResolvers<void>()
  server.listen(0, host, ready.resolve)
  await ready.promise
  closing.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return `http://${host}:${(server.address() as AddressInfo).port}`
}
const serve = (handler: RequestListener) => listen(createServer(handler))

function outgoing(): Outgoing {
  const made = createOutgoing({ guard: createGuard({ allowed: ['127.0.0.0/8'], insecure: true }) })
  closing.push(() => made.close())
  return made
}
const options = { headers: { 'content-type': 'application/json' }, body: '{}', timeoutMs: 5000, maxResponseBytes: 16 }

describe('post', () => {
  it('sends the bytes and keeps the beginning of the answer', async () => {
    const received = Promise.withResolvers<string>()
    const url = await serve((request, response) => {
      received.resolve(text(request))
      response.writeHead(503, { 'retry-after': '7' }).end('x'.repeat(1000))
    })
    const answer = await outgoing().post(url, { ...options, body: '{"ä":1}' })
    expect(answer).toMatchObject({ status: 'answered', httpStatus: 503, headers: { 'retry-after': '7' } })
    expect(answer.status === 'answered' && Buffer.from(answer.body).toString()).toBe('x'.repeat(16))
    expect(await received.promise).toBe('{"ä":1}')
  })

  it('does not follow a redirect', async () => {
    let reached = 0
    const elsewhere = await serve((_, response) => response.end(String((reached += 1))))
    const url = await serve((_, response) => response.writeHead(307, { location: elsewhere }).end())
    expect(await outgoing().post(url, options)).toMatchObject({ status: 'answered', httpStatus: 307 })
    expect(reached).toBe(0)
  })

  it('gives up on a target that accepts and says nothing', async () => {
    const url = await listen(createTcpServer((socket) => socket.on('error', () => {})))
    expect(await outgoing().post(url, { ...options, timeoutMs: 50 })).toMatchObject({ status: 'failed', reason: 'timeout' })
  })

  it('counts the lookup in the time limit', async () => {
    const guard = createGuard({ insecure: true, lookup: () => new Promise(() => {}) })
    const sender = createOutgoing({ guard })
    closing.push(() => sender.close())
    expect(await sender.post('http://slow.example/', { ...options, timeoutMs: 50 })).toMatchObject({ reason: 'timeout' })
  })

  it('takes a 2xx for an answer although the body never ends', async () => {
    const url = await serve((_, response) => response.writeHead(200).write('begun'))
    expect(await outgoing().post(url, { ...options, timeoutMs: 200 })).toMatchObject({ status: 'answered', httpStatus: 200 })
  })

  it.each([
    ['a closed port', 'connection_failed', undefined],
    ['a connection that is cut', 'connection_failed', ''],
    ['an answer that is not HTTP', 'bad_answer', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('says what happened with %s', async (_, reason, greeting) => {
    const server = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(greeting ?? '')))
    const url = await listen(server)
    if (greeting === undefined) server.close()
    expect(await outgoing().post(url, options)).toMatchObject({ status: 'failed', reason })
  })

  it('refuses a certificate that nobody vouches for', async () => {
    const url = await listen(createTcpServer((socket) => socket.on('error', () => {}).end('not TLS')))
    const answer = await outgoing().post(url.replace('http:', 'https:'), options)
    expect(answer).toMatchObject({ status: 'failed', reason: 'tls_failed' })
  })

  it('stops when the caller does', async () => {
    const stop = new AbortController()
    const url = await serve(() => stop.abort())
    expect(await outgoing().post(url, { ...options, signal: stop.signal })).toMatchObject({ status: 'failed', reason: 'aborted' })
  })
})

describe('open', () => {
  const limits = { timeoutMs: 5000, maxBytes: 100 }

  it('streams a body', async () => {
    const url = await serve((_, response) => response.end('hello'))
    const opened = await outgoing().open(url, limits)
    expect(opened.status === 'opened' && (await text(opened.body))).toBe('hello')
  })

  it('fails in the middle of a body that is too large', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(101)))
    const opened = await outgoing().open(url, limits)
    await expect(opened.status === 'opened' && text(opened.body)).rejects.toThrow(ResponseTooLarge)
  })

  it('follows redirects when asked, without its headers on another origin, and judges each hop', async () => {
    const seen: (string | undefined)[] = []
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers.authorization)
      if (request.url === '/private') response.writeHead(302, { location: 'http://10.0.0.1/' })
      response.end('arrived')
    })
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(302, { location: request.url === '/' ? elsewhere : `${elsewhere}/private` }).end()
    })
    const request = { ...limits, headers: { authorization: 'Bearer s3cret' }, maxRedirects: 2 }
    const opened = await outgoing().open(`${url}/`, request)
    expect(opened.status === 'opened' && (await text(opened.body))).toBe('arrived')
    expect(seen).toEqual(['Bearer s3cret', undefined])
    expect(await outgoing().open(`${url}/p`, request)).toMatchObject({ status: 'failed', reason: 'target_refused' })
    expect(await outgoing().open(`${url}/`, limits)).toMatchObject({ status: 'opened', httpStatus: 302 })
  })

  it('ends a body that stalls', async () => {
    const url = await serve((_, response) => response.writeHead(200).write('begun'))
    const opened = await outgoing().open(url, { ...limits, timeoutMs: 100 })
    await expect(opened.status === 'opened' && text(opened.body)).rejects.toThrow(/abort/i)
  })
})

describe('fetch', () => {
  it('judges the address that a redirect leads to, before anything is dialled', async () => {
    let connections = 0
    const trap = createTcpServer((socket) => {
      connections += 1
      socket.destroy()
    })
    const trapUrl = await listen(trap, '127.0.0.2')
    const url = await serve((_, response) => response.writeHead(302, { location: trapUrl }).end())
    const made = createOutgoing({ guard: createGuard({ allowed: ['127.0.0.1/32'], insecure: true }) })
    closing.push(() => made.close())
    const answer = await made.fetch(url, { signal: AbortSignal.timeout(5000) }).catch((error: unknown) => error)
    expect(answer).toMatchObject({ cause: { code: 'private_target' } })
    expect(connections).toBe(0)
  })
})
