import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEvents } from '#src/domain/events/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createDeliveries } from '#src/domain/webhook/service-deliveries.ts'
import { createWebhookEndpoints, type EndpointInput } from '#src/domain/webhook/service.ts'
import { createSecrets } from '#src/instance-keys.ts'
import { createGuard } from '#src/network/guard.ts'
import { createOutgoing } from '#src/network/outgoing.ts'
import { LeaseLost } from '#src/queue/lease.ts'
import { createWorkItems } from '#src/queue/work-items.ts'
import { createSigningKeys } from '#src/webhooks/secret.ts'
import { createSender } from '#src/webhooks/send.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { startReceiver, verified, withStatus } from '#test/webhooks/receiver.ts'
import { createDeliverHandler } from '#workers/deliver.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
const secrets = createSecrets('a test key of at least 32 characters', random)

let database: TestDatabase
let receiver: Awaited<ReturnType<typeof startReceiver>>
let scope: Scope
/** Virtual: 75 hours pass in no time. It starts at the real time, which signatures are verified against. */
let clock: number
const now = () => clock

const guard = createGuard({ allowed: ['127.0.0.0/8'], insecure: true })
const outgoing = createOutgoing({ guard })
const events = createEvents({ ids: newId, now })
const signingKeys = createSigningKeys({ random })
const checkTarget = (url: string) => guard.check(url)
const endpoints = createWebhookEndpoints({ ids: newId, now, ...secrets, events, signingKeys, checkTarget })

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await outgoing.close()
  await database.close()
})
beforeEach(async () => {
  clock = Date.now()
  receiver = await startReceiver()
  scope = await createTestWorkspace(database.db)
})
afterEach(() => receiver.close())

const handler = (timeoutMs = 5000) =>
  createDeliverHandler({
    deliveries: createDeliveries({ db: database.db, events, decrypt: (bytes) => secrets.decrypt(bytes), now }),
    send: createSender({ post: (url, options) => outgoing.post(url, options), now, timeoutMs }),
    workItems: workItems(),
    random: () => 0.5,
  })
const workItems = () => createWorkItems({ db: database.db, newToken: () => crypto.randomUUID() })

const addEndpoint = async (more: Partial<EndpointInput> = {}) => {
  const { id, secret } = await endpoints.create(scope, { url: receiver.url, ...more })
  return { id, secret: secret! }
}
const emit = (subjectId: string) =>
  events.emit(database.db, {
    workspaceId: scope.workspaceId,
    type: 'generation.ready',
    subjectId,
    dedupeKey: subjectId,
    data: { generation_id: subjectId, campaign_id: null, model: 'storyboard/animatic', cost_micro_usd: 0 },
  })

const rowsOf = (endpointId: string) =>
  database.db
    .selectFrom('deliveries')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
const endpointRow = (id: string) =>
  database.db.selectFrom('webhook_endpoints').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

/** Lets the time come that a delivery waits for: the database's clock, by which rows are claimed, cannot be moved. */
async function makeDue(id: string): Promise<void> {
  await database.db
    .updateTable('deliveries')
    .set({ due_at: new Date(Date.now() - 1000) })
    .where('id', '=', id)
    .execute()
}

async function claim(id: string) {
  await makeDue(id)
  return (await workItems().claim('deliver', id))!
}

async function attempt(id: string, { timeoutMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const { row, lease } = await claim(id)
  const fields = await handler(timeoutMs).handle(row, lease, { signal: signal ?? lease.signal })
  const after = await database.db.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  return { fields, after }
}

describe('a delivery', () => {
  it('posts the stored bytes, signed, and is done with a 2xx', async () => {
    const { id, secret } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    const { after, fields } = await attempt(row!.id)
    expect(after).toMatchObject({ status: 'delivered', attempt_count: 1, last_status: 204, last_error: null, lease_token: null })
    const [got] = receiver.received
    expect(verified(secret, got!)).toMatchObject({ type: 'generation.ready', data: { generation_id: 'gen_1' } })
    expect(got!.headers['webhook-id']).toBe(row!.event_id)
    expect(fields).toMatchObject({ status: 'delivered', http_status: 204, attempt: 1 })
    expect(JSON.stringify(fields)).not.toContain(receiver.url)
  })

  it('has ten attempts over 75 h 35 min with the same id, each logged, and then is exhausted', async () => {
    receiver.answer((response) => response.writeHead(500).end('out of order'))
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    const start = clock
    const waits: number[] = []
    for (;;) {
      const { after } = await attempt(row!.id)
      if (after.status !== 'due') break
      waits.push(after.due_at.getTime() - clock)
      clock = after.due_at.getTime()
    }
    expect(waits.map((ms) => ms / 1000)).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])
    expect(clock - start).toBe(75 * HOUR + 35 * 60_000 + 5000)
    const shown = await endpoints.getDelivery(scope, row!.id)
    expect(shown).toMatchObject({ status: 'exhausted', due_at: null, attempt_count: 10, last_error: 'Answered 500.' })
    expect(shown.attempts).toHaveLength(10)
    expect(shown.attempts![9]).toMatchObject({ attempt: 10, status: 500, response_excerpt: 'out of order', manual: false })
    expect(new Set(receiver.received.map((one) => one.headers['webhook-id'])).size).toBe(1)
    const stamps = receiver.received.map((one) => Number(one.headers['webhook-timestamp']))
    expect(stamps.at(-1)! - stamps[0]!).toBe(75 * 3600 + 35 * 60 + 5)
  })

  it('waits as long as the receiver asks', async () => {
    receiver.answer(withStatus(429, { 'retry-after': '3600' }))
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    expect((await attempt(row!.id)).after.due_at.getTime() - clock).toBe(HOUR)
  })

  it('does not follow a redirect', async () => {
    receiver.answer(withStatus(302, { location: '/elsewhere' }))
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    expect((await attempt(row!.id)).after).toMatchObject({ status: 'due', last_status: 302 })
    expect(receiver.received.map((one) => one.path)).toEqual(['/'])
  })

  it('fails when there is no answer in time', async () => {
    receiver.answer(() => {})
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    const { after } = await attempt(row!.id, { timeoutMs: 50 })
    expect(after).toMatchObject({ status: 'due', last_status: null, last_error: 'There was no answer within 0.05 s.' })
  })

  it('never dials a target that has become private since it was registered', async () => {
    const { id } = await addEndpoint()
    await database.db.updateTable('webhook_endpoints').set({ url: 'http://10.0.0.1/' }).where('id', '=', id).execute()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    expect((await attempt(row!.id)).after).toMatchObject({
      status: 'due',
      last_status: null,
      last_error: expect.stringContaining('public'),
    })
  })
})

describe('a process that dies or stalls', () => {
  it('before the outcome is written: the delivery is posted again with the same id, and counted once', async () => {
    const { id, secret } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    const dead = await claim(row!.id)
    const prepared = createDeliveries({ db: database.db, events, decrypt: (bytes) => secrets.decrypt(bytes), now })
    await createSender({ post: (url, options) => outgoing.post(url, options), now })(await prepared.prepare(dead.row))
    await database.db
      .updateTable('deliveries')
      .set({ lease_until: new Date(0) })
      .where('id', '=', row!.id)
      .execute()
    const { after } = await attempt(row!.id)
    expect(after).toMatchObject({ status: 'delivered', attempt_count: 1 })
    expect(receiver.received.map((one) => one.headers['webhook-id'])).toEqual([row!.event_id, row!.event_id])
    for (const one of receiver.received) verified(secret, one)
  })

  it('writes nothing when it wakes after its lease', async () => {
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    const stalled = await claim(row!.id)
    await database.db.updateTable('deliveries').set({ lease_token: 'another' }).where('id', '=', row!.id).execute()
    const late = handler().handle(stalled.row, stalled.lease, { signal: stalled.lease.signal })
    await expect(late).rejects.toThrow(LeaseLost)
    expect(await endpoints.getDelivery(scope, row!.id)).toMatchObject({ status: 'due', attempt_count: 0, attempts: [] })
  })

  it('records no attempt when it is told to stop in the middle', async () => {
    const stop = new AbortController()
    receiver.answer(() => stop.abort())
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    await expect(attempt(row!.id, { signal: stop.signal })).rejects.toMatchObject({ afterMs: 0 })
    expect(await endpoints.getDelivery(scope, row!.id)).toMatchObject({ status: 'due', attempts: [] })
  })
})

describe('disabling', () => {
  it('410 disables the endpoint, cancels what waits, and tells the others', async () => {
    const { id } = await addEndpoint({ url: `${receiver.url}/gone` })
    const other = await addEndpoint({ url: `${receiver.url}/other`, event_types: ['endpoint.disabled'] })
    for (const subject of ['gen_1', 'gen_2', 'gen_3']) await emit(subject)
    receiver.answer(withStatus(410))
    const [first] = await rowsOf(id)
    await attempt(first!.id)
    expect(await endpoints.get(scope, id)).toMatchObject({ status: 'disabled', disabled_reason: expect.stringContaining('410') })
    expect((await rowsOf(id)).map((row) => row.status)).toEqual(['cancelled', 'cancelled', 'cancelled'])
    receiver.answer(withStatus(200))
    const [notice] = await rowsOf(other.id)
    await attempt(notice!.id)
    const data = { endpoint_id: id, reason: 'gone', cancelled_deliveries: 2 }
    expect(verified(other.secret, receiver.received.at(-1)!)).toMatchObject({ type: 'endpoint.disabled', data })
  })

  it('comes after five days of nothing but failures, and not a moment before', async () => {
    receiver.answer(withStatus(500))
    const { id } = await addEndpoint()
    for (const subject of ['gen_1', 'gen_2', 'gen_3']) await emit(subject)
    const [first, second, third] = await rowsOf(id)
    await attempt(first!.id)
    clock += 5 * DAY - 1
    await attempt(second!.id)
    expect((await endpointRow(id)).status).toBe('enabled')
    clock += 1
    await attempt(third!.id)
    expect(await endpoints.get(scope, id)).toMatchObject({
      status: 'disabled',
      disabled_reason: expect.stringContaining('5 days'),
    })
    expect((await rowsOf(id)).map((row) => row.status)).toEqual(['cancelled', 'cancelled', 'cancelled'])
    const { data } = await events.list(scope, { limit: 10 }, { type: 'endpoint.disabled' })
    expect(data).toMatchObject([{ payload: { data: { reason: 'failing', cancelled_deliveries: 3 } } }])
  })

  it('is put off by one success', async () => {
    const { id } = await addEndpoint()
    for (const subject of ['gen_1', 'gen_2', 'gen_3']) await emit(subject)
    const [first, second, third] = await rowsOf(id)
    receiver.answer(withStatus(500))
    await attempt(first!.id)
    receiver.answer(withStatus(200))
    clock += 4 * DAY
    await attempt(second!.id)
    expect((await endpointRow(id)).failing_since).toBeNull()
    receiver.answer(withStatus(500))
    clock += 4 * DAY
    await attempt(third!.id)
    expect((await endpointRow(id)).status).toBe('enabled')
  })

  it.each([
    [200, 'delivered'],
    [500, 'cancelled'],
  ])('lets what is under way end by itself: an answer of %i makes it %s', async (status, expected) => {
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    receiver.answer(async (response) => {
      await endpoints.patch(scope, id, { status: 'disabled' })
      response.writeHead(status).end()
    })
    expect((await attempt(row!.id)).after.status).toBe(expected)
  })
})

describe('a rotation', () => {
  it('is not noticed by a receiver with either secret, until the overlap is over', async () => {
    const { id, secret: old } = await addEndpoint()
    const rotated = await endpoints.rotateSecret(scope, id, { overlap_hours: 1 })
    await emit('gen_1')
    await emit('gen_2')
    const [first, second] = await rowsOf(id)
    await attempt(first!.id)
    for (const secret of [old, rotated.secret!]) verified(secret, receiver.received[0]!)
    await database.db
      .updateTable('webhook_endpoints')
      .set({ previous_secret_until: new Date(clock) })
      .where('id', '=', id)
      .execute()
    await attempt(second!.id)
    verified(rotated.secret!, receiver.received[1]!)
    expect(() => verified(old, receiver.received[1]!)).toThrow(/signature/i)
  })
})

describe('trying again by hand', () => {
  it('does not disturb the schedule', async () => {
    receiver.answer(withStatus(500))
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    clock += HOUR
    const { after } = await attempt(row!.id)
    expect(await endpoints.retryDelivery(scope, row!.id)).toMatchObject({ status: 'due' })
    await endpoints.retryDelivery(scope, row!.id)
    const { after: again } = await attempt(row!.id)
    expect(again).toMatchObject({ status: 'due', schedule_step: 1, attempt_count: 2, due_at: after.due_at, resume_status: null })
    expect((await endpoints.getDelivery(scope, row!.id)).attempts).toMatchObject([{ manual: false }, { manual: true }])
  })

  it('leaves an exhausted delivery exhausted when it fails, and delivers it when it does not', async () => {
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    await database.db
      .updateTable('deliveries')
      .set({ status: 'exhausted', schedule_step: 10 })
      .where('id', '=', row!.id)
      .execute()
    receiver.answer(withStatus(500))
    await endpoints.retryDelivery(scope, row!.id)
    expect((await attempt(row!.id)).after).toMatchObject({ status: 'exhausted', schedule_step: 10 })
    receiver.answer(withStatus(200))
    await endpoints.retryDelivery(scope, row!.id)
    expect((await attempt(row!.id)).after.status).toBe('delivered')
    await expect(endpoints.retryDelivery(scope, row!.id)).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('recovery', () => {
  it('sends everything that failed, each event once, and nothing that was delivered', async () => {
    const { id } = await addEndpoint()
    for (const subject of ['gen_1', 'gen_2', 'gen_3', 'gen_4']) await emit(subject)
    const [delivered, exhausted, cancelled] = await rowsOf(id)
    await attempt(delivered!.id)
    await events.replay(scope, exhausted!.event_id)
    await events.replay(scope, delivered!.event_id)
    const setStatus = async (status: 'exhausted' | 'cancelled', eventId: string) => {
      const failing = database.db.updateTable('deliveries').set({ status, schedule_step: 10 })
      await failing.where('event_id', '=', eventId).where('status', '=', 'due').execute()
    }
    await setStatus('exhausted', exhausted!.event_id)
    await setStatus('exhausted', delivered!.event_id)
    await setStatus('cancelled', cancelled!.event_id)
    const since = new Date(Date.now() - HOUR).toISOString()
    expect(await endpoints.recover(scope, id, { since })).toMatchObject({ deliveries: 2 })
    expect(await endpoints.recover(scope, id, { since })).toMatchObject({ deliveries: 0 })
    const due = (await rowsOf(id)).filter((row) => row.status === 'due' && row.event_id !== delivered!.event_id)
    for (const row of due) await attempt(row.id)
    const counts = Map.groupBy(receiver.received, (one) => one.headers['webhook-id'])
    expect([...counts.values()].map((list) => list.length)).toEqual([1, 1, 1, 1])
  })

  it('gives a revived delivery the whole schedule again', async () => {
    receiver.answer(withStatus(500))
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    await database.db
      .updateTable('deliveries')
      .set({ status: 'exhausted', schedule_step: 10 })
      .where('id', '=', row!.id)
      .execute()
    await endpoints.recover(scope, id, { since: new Date(Date.now() - HOUR).toISOString() })
    expect((await attempt(row!.id)).after).toMatchObject({ status: 'due', schedule_step: 1 })
  })
})

describe('giving up', () => {
  it('keeps a delivery that ends its worker every time as exhausted, with the reason', async () => {
    const { id } = await addEndpoint()
    await emit('gen_1')
    const [row] = await rowsOf(id)
    const { lease } = await claim(row!.id)
    await handler().giveUp(
      row!,
      Object.assign(new Error('Given up after 40 starts.'), { code: 'too_many_starts' }) as never,
      lease,
    )
    expect(await endpoints.getDelivery(scope, row!.id)).toMatchObject({
      status: 'exhausted',
      last_error: 'Given up after 40 starts.',
    })
    expect((await endpointRow(id)).failing_since).toBeNull()
  })
})
