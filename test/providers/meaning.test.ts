/** A test for each row of "What an answer means", against a real server; and what the SDK must not do. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '#src/contracts/json.ts'
import type { Attempt, PollOutcome, SubmitOutcome, VideoProvider } from '#src/providers/provider.ts'
import { attemptFor, type OpenedSimulator, openSimulator } from '#test/support/simulator.ts'

const { signal } = new AbortController()
let sim: OpenedSimulator
let provider: VideoProvider
beforeAll(async () => {
  sim = await openSimulator()
  provider = sim.adapter()
})
afterEach(() => {
  sim.simulator.clearOrders()
  sim.simulator.set({ job_ms: 0 })
})
afterAll(() => sim?.close())

type Order = Parameters<OpenedSimulator['simulator']['order']>[0]

/** Submits once under an order, and says how many requests and jobs that made. */
async function submit(order: Order, by = provider, more: Partial<Attempt> = {}) {
  sim.simulator.order(order)
  const { jobs } = sim.simulator
  const [requests, made] = [jobs.submissions.length, jobs.all().length]
  const attempt = attemptFor(by, more)
  const outcome = await by.submit(attempt, { signal: AbortSignal.timeout(20_000) })
  return { attempt, outcome, requests: jobs.submissions.length - requests, made: jobs.all().length - made }
}

async function accepted(by = provider, more: Partial<Attempt> = {}) {
  const attempt = attemptFor(by, more)
  const outcome = await by.submit(attempt, { signal })
  if (outcome.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
  return {
    attempt,
    jobRef: outcome.jobRef,
    poll: (with_ = by): Promise<PollOutcome> => with_.poll(outcome.jobRef, attempt, { signal }),
  }
}

/** An address where nobody listens: the port was free a moment ago. */
async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}/v1`
}

const failing =
  (code: string): typeof fetch =>
  () =>
    Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(code), { code }) }))

describe('submit: certainly not sent', () => {
  test('a refused connection', async () => {
    const outcome = await sim.adapter({ baseUrl: await closedAddress() }).submit(attemptFor(provider), { signal })
    expect(outcome).toMatchObject({ kind: 'not-sent', error: { code: 'network', vendorCode: 'ECONNREFUSED', retryable: true } })
  })

  test('TLS that does not come about', async () => {
    const baseUrl = sim.simulator.baseUrl('json').replace('http:', 'https:')
    expect(await sim.adapter({ baseUrl }).submit(attemptFor(provider), { signal })).toMatchObject({ kind: 'not-sent' })
  })

  test.each(['ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'DEPTH_ZERO_SELF_SIGNED_CERT'])('%s', async (code) => {
    expect(await sim.adapter({ submitFetch: failing(code) }).submit(attemptFor(provider), { signal })).toMatchObject({
      kind: 'not-sent',
    })
  })

  test('every one of several addresses refused', async () => {
    const each = ['ECONNREFUSED', 'ENETUNREACH'].map((code) => Object.assign(new Error(code), { code }))
    const cause = new AggregateError(each)
    const submitFetch = () => Promise.reject(Object.assign(new TypeError('fetch failed'), { cause }))
    expect(await sim.adapter({ submitFetch }).submit(attemptFor(provider), { signal })).toMatchObject({ kind: 'not-sent' })
  })

  test('given up before it began', async () => {
    const before = sim.simulator.jobs.submissions.length
    expect(await provider.submit(attemptFor(provider), { signal: AbortSignal.abort() })).toMatchObject({ kind: 'not-sent' })
    expect(sim.simulator.jobs.submissions).toHaveLength(before)
  })
})

describe('submit: refused, certainly no job', () => {
  test.each([
    ['with seconds', 7, 7000],
    ['without Retry-After', undefined, undefined],
    ['with nonsense', 'soon', undefined],
  ])('429 %s is sent again', async (_, retry_after, retryAfterMs) => {
    const { outcome, requests } = await submit({ fault: 'refuse', status: 429, code: 'rate_limit_exceeded', retry_after })
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'rate_limited', retryable: true } })
    expect((outcome as Extract<SubmitOutcome, { kind: 'refused' }>).error.retryAfterMs).toBe(retryAfterMs)
    expect(requests).toBe(1)
  })

  test('429 with a date', async () => {
    const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 30_000)
    const { outcome } = await submit(
      { fault: 'refuse', status: 429, retry_after: at.toUTCString() },
      sim.adapter({ now: () => at.getTime() - 5000 }),
    )
    expect(outcome).toMatchObject({ kind: 'refused', error: { retryAfterMs: 5000 } })
  })

  test.each([
    [400, 'invalid_size', 'invalid_request'],
    [400, 'content_policy_violation', 'moderation_input'],
    [401, undefined, 'auth'],
    [402, undefined, 'insufficient_funds'],
    [403, 'nsfw_prompt', 'moderation_input'],
    [422, 'invalid_request', 'invalid_request'],
  ])('%i %s is terminal: %s', async (status, code, meaning) => {
    const { outcome, requests, made } = await submit({ fault: 'refuse', status, code: code ?? 'error' })
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: meaning, retryable: false } })
    expect([requests, made]).toEqual([1, 0])
  })

  test.each([true, false])('a refusal says itself whether it is billed: %s', async (billed) => {
    const { outcome } = await submit({ fault: 'refuse', status: 400, code: 'moderation', billed })
    expect(outcome).toMatchObject({ kind: 'refused', error: { billed } })
  })

  test.each([404, 410] as const)('%i for the model: it is retired', async (status) => {
    expect((await submit({ fault: 'retire', status })).outcome).toMatchObject({
      kind: 'refused',
      error: { code: 'model_retired', retryable: false },
    })
  })

  test('a 404 that is not about the model is a wrong address', async () => {
    const lost = sim.adapter({ baseUrl: `${sim.simulator.url}/nothing` })
    expect(await lost.submit(attemptFor(lost), { signal })).toMatchObject({ kind: 'refused', error: { code: 'invalid_request' } })
  })

  test('past its sunset a model is not asked at all', async () => {
    const retired = sim.adapter({ model: { sunset_at: '2026-11-22' }, now: () => Date.UTC(2026, 10, 22) })
    const before = sim.simulator.jobs.submissions.length
    expect(await retired.submit(attemptFor(retired), { signal })).toMatchObject({
      kind: 'refused',
      error: { code: 'model_retired', billed: false },
    })
    expect(sim.simulator.jobs.submissions).toHaveLength(before)
    const dayBefore = sim.adapter({ model: { sunset_at: '2026-11-22' }, now: () => Date.UTC(2026, 10, 22) - 1 })
    expect(await dayBefore.submit(attemptFor(dayBefore), { signal })).toMatchObject({ kind: 'accepted' })
  })
})

describe('submit: ambiguous, never sent a second time', () => {
  test.each<[string, Order, number]>([
    ['500 after accepting', { fault: 'error', status: 500, accept: true }, 1],
    ['500 before', { fault: 'error', status: 500, accept: false }, 0],
    ['503', { fault: 'error', status: 503, accept: true }, 1],
    ['408', { fault: 'error', status: 408, accept: true }, 1],
    ['409', { fault: 'error', status: 409, accept: true }, 1],
    ['a redirect', { fault: 'error', status: 307, accept: false }, 0],
    ['a reset after accepting', { fault: 'reset', accept: true }, 1],
    ['a reset before', { fault: 'reset', accept: false }, 0],
    ['2xx without an id', { fault: 'no_id' }, 1],
  ])('%s', async (_, order, expectedJobs) => {
    const { outcome, requests, made } = await submit(order)
    expect(outcome).toMatchObject({ kind: 'ambiguous' })
    expect([requests, made]).toEqual([1, expectedJobs])
  })

  test('no answer in time', async () => {
    sim.simulator.order({ fault: 'stall' })
    const attempt = attemptFor(provider)
    const outcome = await provider.submit(attempt, { signal: AbortSignal.timeout(300) })
    expect(outcome).toMatchObject({ kind: 'ambiguous' })
    expect(sim.simulator.jobs.byKey(attempt.id)).toBeDefined()
  })

  test.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT', 'SOMETHING_NEW', ''])(
    '%j',
    async (code) => {
      expect(await sim.adapter({ submitFetch: failing(code) }).submit(attemptFor(provider), { signal })).toMatchObject({
        kind: 'ambiguous',
      })
    },
  )

  test('one of several addresses may have got it', async () => {
    const each = ['ECONNREFUSED', 'ECONNRESET'].map((code) => Object.assign(new Error(code), { code }))
    const submitFetch = () => Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: new AggregateError(each) }))
    expect(await sim.adapter({ submitFetch }).submit(attemptFor(provider), { signal })).toMatchObject({ kind: 'ambiguous' })
  })

  test('an answer that breaks off after its status', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 })
      response.write('{"id": "video_1", "sta', () => response.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const outcome = await sim.adapter({ baseUrl: `http://127.0.0.1:${port}/v1` }).submit(attemptFor(provider), { signal })
    expect(outcome).toMatchObject({
      kind: 'ambiguous',
      evidence: { status: 200, bodyExcerpt: expect.stringContaining('video_1') },
    })
    server.close()
  })

  test('evidence is kept of what was seen', async () => {
    const { outcome } = await submit({ fault: 'error', status: 502, accept: true })
    expect(outcome).toMatchObject({ evidence: { status: 502, bodyExcerpt: expect.stringContaining('server_error') } })
  })
})

describe('submissions use a connection of their own', () => {
  test('a vendor that closes idle connections makes no submission ambiguous', async () => {
    let connections = 0
    const server = createServer({ keepAlive: true }, (_, response) => response.end('{"id":"v1","status":"queued"}'))
    server.on('connection', () => connections++)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const by = sim.adapter({ baseUrl })
    for (let i = 0; i < 3; i++) expect(await by.submit(attemptFor(by), { signal })).toMatchObject({ kind: 'accepted' })
    expect(connections).toBe(3)
    server.close()
    server.closeAllConnections()
  })
})

describe('poll', () => {
  test('running tells how far, and when to ask again', async () => {
    sim.simulator.set({ job_ms: 600_000 })
    const { poll } = await accepted()
    expect(await poll()).toMatchObject({ kind: 'running', progress: 0, retryAfterMs: 10_000 })
  })

  test.each([500, 502, 503, 429, 400, 401])('%i is transient: the job goes on', async (status) => {
    const { poll } = await accepted()
    sim.simulator.order({ fault: 'poll_error', status, retry_after: 3 })
    expect(await poll()).toMatchObject({ kind: 'transient', retryAfterMs: 3000 })
    expect(await poll()).toMatchObject({ kind: 'succeeded' })
  })

  test('a reset is transient', async () => {
    const { poll } = await accepted()
    sim.simulator.order({ fault: 'poll_reset' })
    expect(await poll()).toMatchObject({ kind: 'transient' })
  })

  test('no answer in time is transient', async () => {
    const { jobRef, attempt } = await accepted()
    expect(await provider.poll(jobRef, attempt, { signal: AbortSignal.abort() })).toMatchObject({ kind: 'transient' })
  })

  test('a vendor that cannot be reached is transient', async () => {
    const { poll } = await accepted()
    expect(await poll(sim.adapter({ baseUrl: await closedAddress() }))).toMatchObject({ kind: 'transient' })
  })

  test('404: forgotten', async () => {
    const { poll } = await accepted()
    sim.simulator.order({ fault: 'forget' })
    expect(await poll()).toEqual({ kind: 'forgotten' })
  })

  test('older than the card’s job lifetime: forgotten, unless it is finished', async () => {
    const late = sim.adapter({ model: { job_ttl_seconds: 3600 }, now: () => Date.now() + 3_700_000 })
    const finished = await accepted()
    expect(await finished.poll(late)).toMatchObject({ kind: 'succeeded' })
    sim.simulator.set({ job_ms: 600_000 })
    const { poll } = await accepted()
    expect(await poll()).toMatchObject({ kind: 'running' })
    expect(await poll(late)).toEqual({ kind: 'forgotten' })
    sim.simulator.order({ fault: 'poll_error' })
    expect(await poll(late)).toEqual({ kind: 'forgotten' })
  })

  test.each([
    ['failed', { fault: 'fail', code: 'internal_error', billed: false }, 'unknown', 0],
    ['failed, billed', { fault: 'fail', code: 'internal_error', billed: true }, 'unknown', 240_000],
    ['blocked as `completed` with an error', { fault: 'block' }, 'moderation_output', 240_000],
    ['blocked for its input', { fault: 'fail', code: 'input_moderation' }, 'moderation_input', 0],
  ] as const)('%s: failed with what it cost', async (_, order, code, costMicroUsd) => {
    sim.simulator.order(order)
    const { poll } = await accepted()
    expect(await poll()).toMatchObject({ kind: 'failed', error: { code, billed: costMicroUsd > 0 }, costMicroUsd })
  })

  test('what it cost is exact to the micro-dollar', async () => {
    const { poll } = await accepted()
    expect(await poll()).toMatchObject({ kind: 'succeeded', costMicroUsd: 240_000 })
  })

  test('a status that the dialect does not know stops nothing', async () => {
    const server = createServer((_, response) => response.end('{"id":"v1","status":"rendering_backwards"}'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const by = sim.adapter({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })
    const jobRef: Json = { id: 'v1' }
    expect(await by.poll(jobRef, attemptFor(by), { signal })).toMatchObject({
      kind: 'transient',
      error: { message: expect.stringContaining('rendering_backwards') },
    })
    server.close()
    server.closeAllConnections()
  })
})

describe('callbacks', () => {
  test.each([
    ['one', undefined, 1],
    ['duplicate', 'callback_twice', 2],
    ['early', 'callback_early', 2],
  ] as const)('%s: posted to the attempt’s address, and a poll tells the truth', async (_, fault, expected) => {
    const got: string[] = []
    const all = Promise.withResolvers<void>()
    const receiver = createServer((request, response) => {
      got.push(request.url!)
      if (got.length === expected) all.resolve()
      response.end()
    })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    if (fault) sim.simulator.order({ fault })
    const callbackUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/callbacks/sim/token`
    const { poll } = await accepted(provider, { callbackUrl })
    await all.promise
    expect(got).toEqual(Array(expected).fill('/v1/callbacks/sim/token'))
    expect(await poll()).toMatchObject({ kind: 'succeeded' })
    receiver.close()
    receiver.closeAllConnections()
  })
})
