import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { newId } from '#test/support/workspace.ts'
import { createWorkspaces } from '#src/domain/workspace/service.ts'
import { createApp } from '#src/http/app.ts'
import type { Services } from '#src/http/routes/index.ts'
import { catalogue } from '#src/errors.ts'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { randomFillSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const operatorKey = 'operator-key-of-the-tests-0123456789'
let database: TestDatabase
let app: FastifyInstance

beforeAll(async () => {
  database = await createTestDatabase()
  const workspaces = createWorkspaces({ ids: newId, now: Date.now, random: (bytes) => randomFillSync(bytes) })
  await workspaces.bootstrap(database.db, operatorKey)
  app = await createApp({
    db: database.db,
    authenticate: (bearer) => workspaces.authenticate(database.db, bearer),
    // Only what these tests call stands behind the routes.
    services: { workspaces, campaigns: { get: () => Promise.reject(new TypeError('planted')) } } as unknown as Services,
    health: { readiness: async () => ({ database: { ok: true }, queue: { ok: false, reason: 'The queue does not answer.' } }) },
    newRequestId: () => newId('request'),
    requestsPerMinute: 500,
  })
})
afterAll(async () => {
  await app.close()
  await database.close()
})

const send = (options: InjectOptions & { key?: string | null }) => {
  const { key = operatorKey, ...rest } = options
  return app.inject({ ...rest, headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...rest.headers } })
}
const post = (url: string, payload: object | string, headers: Record<string, string> = {}) =>
  send({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } })

describe('what is not a 2xx is a problem document', () => {
  it.each([
    ['an unknown route', { url: '/v1/nothing' }, 404, 'not_found'],
    ['another method', { method: 'DELETE' as const, url: '/v1/campaigns' }, 405, 'method_not_allowed'],
    ['no key', { url: '/v1/workspaces', key: null }, 401, 'unauthorized'],
    ['an unknown key', { url: '/v1/workspaces', key: 'spk_unknown' }, 401, 'unauthorized'],
    [
      'broken JSON',
      { method: 'POST' as const, url: '/v1/workspaces', payload: '{"name":', headers: { 'content-type': 'application/json' } },
      400,
      'invalid_request',
    ],
    [
      'another content type',
      { method: 'POST' as const, url: '/v1/workspaces', payload: 'a', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    [
      'a body over 1 MiB',
      { method: 'POST' as const, url: '/v1/workspaces', payload: { name: 'x'.repeat(1_100_000) } },
      413,
      'payload_too_large',
    ],
    ['a badly encoded address', { url: '/v1/campaigns/%zz' }, 400, 'invalid_request'],
    ['an overlong id', { url: `/v1/campaigns/${'x'.repeat(600)}` }, 414, 'uri_too_long'],
    ['a fault of our own', { url: '/v1/campaigns/cmp_1' }, 500, 'internal'],
  ])('%s', async (_what, options, status, code) => {
    const answer = await send(options)
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(answer.json()).toMatchObject({
      status,
      code,
      title: catalogue[code as keyof typeof catalogue].title,
      instance: options.url.split('?')[0],
    })
    expect(answer.body).not.toContain('planted')
    expect(answer.body).not.toContain('node_modules')
  })

  it('says which methods an address answers to', async () => {
    const answer = await send({ method: 'PUT', url: '/v1/workspaces' })
    expect(answer.headers['allow']).toBe('GET, HEAD, POST')
  })

  it('names every fault of a body with its pointer', async () => {
    const answer = await post('/v1/workspaces', { nam: 'x', budget_per_month_micro_usd: 1.5 })
    expect(answer.statusCode).toBe(422)
    const pointers = answer.json<{ errors: { pointer: string }[] }>().errors.map(({ pointer }) => pointer)
    expect(pointers.sort()).toEqual(['/budget_per_month_micro_usd', '/nam', '/name'])
  })

  it('refuses text that cannot be kept', async () => {
    const answer = await post('/v1/workspaces', String.raw`{"name":"a\u0000b"}`)
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ pointer: '/name', code: 'unstorable_text' }] })
  })

  it('names a fault of the query', async () => {
    const answer = await send({ url: '/v1/workspaces?limit=1000' })
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ pointer: '/query/limit' }] })
  })
})

describe('keys and scopes', () => {
  it('a key may do what its scopes say, and nothing after it was revoked', async () => {
    const created = (await post('/v1/api-keys', { name: 'reader', scopes: ['read'] })).json<{ id: string; key: string }>()
    expect(created.key).toMatch(/^spk_[0-9A-Za-z]{36}$/)
    const refused = await send({ url: '/v1/workspaces', key: created.key })
    expect(refused.json()).toMatchObject({ status: 403, code: 'forbidden' })
    expect((await send({ method: 'DELETE', url: `/v1/api-keys/${created.id}` })).statusCode).toBe(204)
    expect((await send({ url: '/v1/audit-log', key: created.key })).statusCode).toBe(401)
  })
})

describe('Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': name })

  it('replays the stored answer byte by byte', async () => {
    const first = await post('/v1/workspaces', { name: 'once' }, key('a'))
    const second = await post('/v1/workspaces', { name: 'once' }, key('a'))
    expect(second.body).toBe(first.body)
    expect(second.statusCode).toBe(201)
    expect(second.headers['etag']).toBe(first.headers['etag'])
    expect([first.headers['idempotent-replayed'], second.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
  })

  it('makes one effect of many calls at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('/v1/workspaces', { name: 'many' }, key('b'))))
    const made = answers.filter(({ statusCode }) => statusCode === 201)
    expect(made.length).toBeGreaterThan(0)
    expect(new Set(made.map(({ body }) => body)).size).toBe(1)
    expect(
      answers
        .filter(({ statusCode }) => statusCode !== 201)
        .every((answer) => answer.statusCode === 409 && answer.headers['retry-after']),
    ).toBe(true)
    const rows = await database.db.selectFrom('workspaces').select('id').where('name', '=', 'many').execute()
    expect(rows).toHaveLength(1)
  })

  it('is refused with another body', async () => {
    await post('/v1/workspaces', { name: 'one' }, key('c'))
    expect((await post('/v1/workspaces', { name: 'two' }, key('c'))).json()).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
  })

  it('keeps no secret: the replay is refused', async () => {
    const body = { name: 'secret', scopes: ['read'] }
    const first = (await post('/v1/api-keys', body, key('d'))).json<{ key: string }>()
    expect((await post('/v1/api-keys', body, key('d'))).json()).toMatchObject({ status: 409, code: 'secret_already_shown' })
    const stored = await database.db.selectFrom('idempotency_keys').selectAll().execute()
    expect(JSON.stringify(stored)).not.toContain(first.key)
  })

  it('a refused request may be mended under the same key', async () => {
    expect((await post('/v1/workspaces', { name: '' }, key('e'))).statusCode).toBe(422)
    expect((await post('/v1/workspaces', { name: 'mended' }, key('e'))).statusCode).toBe(201)
  })

  it('has to be a key', async () => {
    expect((await post('/v1/workspaces', { name: 'x' }, key('x'.repeat(300)))).json()).toMatchObject({
      errors: [{ pointer: '/headers/idempotency-key' }],
    })
  })
})

describe('If-Match', () => {
  it('refuses a lost update', async () => {
    const created = await post('/v1/workspaces', { name: 'edited' })
    const url = `/v1/workspaces/${created.json<{ id: string }>().id}`
    const etag = created.headers['etag'] as string
    const patch = (name: string) => send({ method: 'PATCH', url, payload: { name }, headers: { 'if-match': etag } })
    expect((await patch('first')).statusCode).toBe(200)
    const lost = await patch('second')
    expect(lost.json()).toMatchObject({ status: 412, code: 'precondition_failed' })
    expect((await send({ url })).json()).toMatchObject({ name: 'first' })
  })
})

describe('lists', () => {
  it('are stable while rows are added', async () => {
    for (const n of [1, 2, 3, 4, 5]) await post('/v1/workspaces', { name: `listed ${n}` })
    type Page = { data: { id: string; name: string }[]; next_cursor: string; has_more: boolean }
    const first = (await send({ url: '/v1/workspaces?limit=2' })).json<Page>()
    await post('/v1/workspaces', { name: 'late' })
    const second = (await send({ url: `/v1/workspaces?limit=2&cursor=${first.next_cursor}` })).json<Page>()
    expect([...first.data, ...second.data].map(({ name }) => name)).toEqual(['listed 5', 'listed 4', 'listed 3', 'listed 2'])
    expect(second.has_more).toBe(true)
  })

  it('refuse a cursor that they did not give', async () => {
    expect((await send({ url: '/v1/workspaces?cursor=%00%01' })).json()).toMatchObject({
      status: 422,
      errors: [{ pointer: '/query/cursor' }],
    })
  })
})

describe('every answer', () => {
  it('carries a request id, the rate limit and no sniffing', async () => {
    const { headers } = await send({ url: '/v1/workspaces' })
    expect(headers['x-request-id']).toMatch(/^req_/)
    expect(headers['ratelimit-policy']).toBe('"requests";q=500;w=60')
    expect(headers['ratelimit']).toMatch(/^"requests";r=\d+;t=\d+$/)
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  it('/readyz says what is not ready, and why', async () => {
    const answer = await send({ url: '/readyz', key: null })
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({
      status: 'not_ready',
      checks: { queue: { ok: false, reason: 'The queue does not answer.' } },
    })
    expect((await send({ url: '/livez', key: null })).statusCode).toBe(200)
  })
})

describe('the rate limit', () => {
  it('answers 429 with the seconds to wait', async () => {
    const strict = await createApp({
      db: database.db,
      authenticate: async () => undefined,
      services: {} as Services,
      health: { readiness: async () => ({}) },
      newRequestId: () => 'req_1',
      requestsPerMinute: 2,
    })
    const call = () => strict.inject({ url: '/v1/workspaces', headers: { authorization: 'Bearer guess' } })
    expect([(await call()).statusCode, (await call()).statusCode]).toEqual([401, 401])
    const answer = await call()
    expect(answer.json()).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    await strict.close()
  })
})
