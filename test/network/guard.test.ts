import { createServer, type Server, type Socket } from 'node:net'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createGuard, type Resolve } from '#src/network/guard.ts'
import { createOutgoing } from '#src/network/outgoing.ts'
import { refusedNetworks } from '#src/network/rules.ts'
import { type Vector, vectors } from './vectors.ts'

const addresses = (...list: string[]) => list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
const resolverOf = (vector: Vector): Resolve => {
  return () => Promise.resolve(addresses(...(vector.resolvesTo ?? [])))
}

/** Every address that any socket of this process begins to dial. */
const dialled: string[] = []
/** Connections that reached a listener on the loopback addresses. */
let accepted = 0
const tripwires: Server[] = []
let tripwirePort = 0

beforeAll(async () => {
  // oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
  const { connect } = net.Socket.prototype
  vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    this.on('connectionAttempt', (ip: string) => dialled.push(ip))
    return Reflect.apply(connect, this, args) as Socket
  })
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((socket) => {
      accepted += 1
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
    const listening = Promise.withResolvers<boolean>()
    server.once('error', () => listening.resolve(false))
    server.listen(tripwirePort, host, () => listening.resolve(true))
    // A machine without IPv6 has no ::1 to be reached.
    if (!(await listening.promise)) continue
    tripwirePort = (server.address() as net.AddressInfo).port
    tripwires.push(server)
  }
})
afterAll(() => {
  vi.restoreAllMocks()
  for (const server of tripwires) server.close()
})

/** Points a vector without a port at the tripwire. */
function armed({ url }: Vector): string {
  const parsed = URL.parse(url)
  if (!parsed || parsed.port !== '' || !parsed.host || !url.startsWith('https://')) return url
  parsed.port = String(tripwirePort)
  return parsed.href
}

const limits = { timeoutMs: 2000, maxResponseBytes: 100, maxBytes: 100 }

describe('the target guard', () => {
  it('has at least 60 vectors', () => expect(vectors.length).toBeGreaterThanOrEqual(60))

  it('dials and reaches what is allowed, so that the tripwires do fire', async () => {
    const guard = createGuard({ allowed: ['127.0.0.0/8'], insecure: true })
    const outgoing = createOutgoing({ guard })
    const answer = await outgoing.post(`http://127.0.0.1:${tripwirePort}/`, { ...limits, headers: {}, body: '' })
    await outgoing.close()
    expect(answer).toMatchObject({ status: 'answered', httpStatus: 200 })
    expect([accepted, dialled]).toEqual([1, ['127.0.0.1']])
  })

  it.each(vectors)('refuses $url ($code) at registration, delivery and fetch, without a connection', async (vector) => {
    const guard = createGuard({ lookup: resolverOf(vector) })
    const before = [accepted, dialled.length]
    expect(await guard.check(vector.url)).toMatchObject({ status: 'refused', code: vector.code })
    const outgoing = createOutgoing({ guard })
    const reason = vector.code === 'unresolvable' ? 'unresolvable' : 'target_refused'
    const target = armed(vector)
    expect(await outgoing.post(target, { ...limits, headers: {}, body: 'x' })).toMatchObject({ status: 'failed', reason })
    expect(await outgoing.open(target, limits)).toMatchObject({ status: 'failed', reason })
    expect(
      await outgoing.fetch(target).then(
        () => 'answered',
        () => 'refused',
      ),
    ).toBe('refused')
    await outgoing.close()
    expect([accepted, dialled.length]).toEqual(before)
  })

  it('refuses a name that is given another address between the check and the connection', async () => {
    const answers = [addresses('93.184.215.14'), addresses('127.0.0.1')]
    const guard = createGuard({ lookup: () => Promise.resolve(answers.shift() ?? []) })
    const before = dialled.length
    const url = `https://rebind.example:${tripwirePort}/`
    expect(await guard.check(url)).toEqual({ status: 'allowed' })
    const outgoing = createOutgoing({ guard })
    expect(await outgoing.post(url, { ...limits, headers: {}, body: '' })).toMatchObject({ reason: 'target_refused' })
    await outgoing.close()
    expect(dialled.length).toBe(before)
  })

  it('judges the peer too', () => {
    const guard = createGuard({ allowed: ['10.0.0.0/8'] })
    expect(guard.judgePeer('10.0.0.1')).toEqual({ status: 'allowed' })
    for (const peer of ['127.0.0.1', '::ffff:10.0.0.1', undefined])
      expect(guard.judgePeer(peer)).toMatchObject({ status: 'refused' })
  })

  it('does not tell what a private name resolves to', async () => {
    const guard = createGuard({ lookup: () => Promise.resolve(addresses('10.9.8.7')) })
    expect(JSON.stringify(await guard.check('https://internal.example/'))).not.toContain('10.9')
  })

  it('takes public targets', async () => {
    const guard = createGuard({
      lookup: () => Promise.resolve(addresses('93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c')),
    })
    for (const url of [
      'https://example.com/',
      'https://example.com:8443/a?b=c',
      'https://8.8.8.8/',
      'https://[2606:4700::1111]/',
    ]) {
      expect(await guard.check(url)).toEqual({ status: 'allowed' })
    }
  })
})

describe('ALLOWED_PRIVATE_TARGETS', () => {
  it('opens the networks that it names, and no others', async () => {
    const guard = createGuard({ allowed: ['10.1.0.0/16', '::1/128'] })
    expect(await guard.check('https://10.1.2.3/')).toEqual({ status: 'allowed' })
    expect(await guard.check('https://[::1]/')).toEqual({ status: 'allowed' })
    for (const url of ['https://10.2.0.1/', 'https://127.0.0.1/', 'https://[::ffff:10.1.2.3]/']) {
      expect(await guard.check(url)).toMatchObject({ code: 'private_target' })
    }
  })

  it('never opens metadata, unspecified and multicast addresses', () => {
    const guard = createGuard({ allowed: ['0.0.0.0/0', '::/0'] })
    for (const { network, never } of refusedNetworks) {
      const { status } = guard.judgePeer(network.split('/')[0])
      // The first address of ::/96 is the unspecified one.
      expect({ network, status }).toEqual({ network, status: never || network === '::/96' ? 'refused' : 'allowed' })
    }
  })

  it('refuses to start with something that is not a network', () => {
    expect(() => createGuard({ allowed: ['10.0.0.0/8', 'intranet', '10.0.0.0/40'] })).toThrow(/intranet, 10\.0\.0\.0\/40/)
  })
})
