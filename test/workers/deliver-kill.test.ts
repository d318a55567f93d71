/**
 * The deliverer dies at each await of its code: before and after every statement it sends to the database and every request.
 * What it did is then finished by another worker, as after a lease that ran out.
 */
import type { PoolClient } from 'pg'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDatabase, type Db } from '#src/database/client.ts'
import { createEvents } from '#src/domain/events/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createDeliveries } from '#src/domain/webhook/service-deliveries.ts'
import { createWebhookEndpoints } from '#src/domain/webhook/service.ts'
import { createSecrets } from '#src/instance-keys.ts'
import { createGuard } from '#src/network/guard.ts'
import { createOutgoing } from '#src/network/outgoing.ts'
import type { WakeUpHandler } from '#src/queue/run-queue.ts'
import { createWorkItems } from '#src/queue/work-items.ts'
import { createSigningKeys } from '#src/webhooks/secret.ts'
import { createSender } from '#src/webhooks/send.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { startReceiver, withStatus } from '#test/webhooks/receiver.ts'
import { createDeliverHandler } from '#workers/deliver.ts'
import { runWorker } from '#workers/worker.ts'

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
const secrets = createSecrets('a test key of at least 32 characters', random)
const now = () => Date.now()
const guard = createGuard({ allowed: ['127.0.0.0/8'], insecure: true })
const outgoing = createOutgoing({ guard })
const events = createEvents({ ids: newId, now })
const signingKeys = createSigningKeys({ random })
const checkTarget = (url: string) => guard.check(url)
const endpoints = createWebhookEndpoints({ ids: newId, now, ...secrets, events, signingKeys, checkTarget })

let database: TestDatabase
let receiver: Awaited<ReturnType<typeof startReceiver>>
let scope: Scope
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await outgoing.close()
  await database.close()
})
beforeEach(async () => {
  receiver = await startReceiver()
  scope = await createTestWorkspace(database.db)
})
afterEach(() => receiver.close())

/** Steps are half awaits: an odd one dies before the n-th await does anything, an even one after it has done everything. */
function createDeath(step: number) {
  const clients = new Set<PoolClient>()
  let taken = 0
  let isDead = false
  const die = (): never => {
    isDead = true
    for (const client of clients)
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    throw new Error('Killed.')
  }
  async function through<T>(work: () => Promise<T>): Promise<T> {
    if (isDead || ++taken === step) die()
    const result = await work()
    if (isDead || ++taken === step) die()
    return result
  }
  function mortal(client: PoolClient): void {
    clients.add(client)
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
    client.query = ((...args: unknown[]) => through(() => query(...args))) as typeof client.query
  }
  return { through, mortal, died: () => isDead }
}

/** A worker over `db`; `wake` runs one wake-up to its end, the next deliveries of the endpoint included. */
function workerOver(db: Db, through: <T>(work: () => Promise<T>) => Promise<T>) {
  const workItems = createWorkItems({ db, newToken: () => crypto.randomUUID(), renewMs: 1e9 })
  const deliveries = createDeliveries({ db, events, decrypt: (bytes) => secrets.decrypt(bytes), now })
  const send = createSender({ post: (url, options) => through(() => outgoing.post(url, options)), now })
  let wake: WakeUpHandler | undefined
  runWorker({
    kind: 'deliver',
    runQueue: { consume: (_kind, _options, handler) => ((wake = handler), { close: async () => {} }) },
    workItems,
    handler: createDeliverHandler({ deliveries, send, workItems, random: () => 0.5 }),
    concurrency: 1,
    log: { info: () => {}, warn: () => {} },
    random: () => 0.5,
  })
  return (id: string) => wake!(id, { signal: new AbortController().signal })
}

/** @returns false when the worker had finished before `step` came */
async function runUntil(step: number, id: string): Promise<boolean> {
  const death = createDeath(step)
  const { db, pool, close } = createDatabase({
    connectionString: database.connectionString,
    max: 2,
    applicationName: 'victim',
    onConnectionLost: () => {},
  })
  pool.on('connect', death.mortal)
  await workerOver(db, death.through)(id)
  await close()
  return death.died()
}

const rowsOf = (endpointId: string) =>
  database.db.selectFrom('deliveries').selectAll().where('endpoint_id', '=', endpointId).orderBy('id').execute()
const isDue = sql<boolean>`status = 'due' and due_at <= now()`

/** The lease of the dead runs out; a healthy worker does what is due. */
async function survive(endpointId: string): Promise<void> {
  await sql`update deliveries set lease_until = now() - interval '1 second' where lease_token is not null`.execute(database.db)
  const due = database.db.selectFrom('deliveries').select('id').where('endpoint_id', '=', endpointId).where(isDue)
  const wake = workerOver(database.db, (work) => work())
  for (const { id } of await due.execute()) await wake(id)
}

const cases = [
  { status: 204, ends: 'delivered', attempts: 1, disabled: 0 },
  { status: 500, ends: 'due', attempts: 1, disabled: 0 },
  { status: 410, ends: 'cancelled', attempts: 1, disabled: 1 },
] as const

describe.each(cases)('a deliverer that gets $status, killed at every await', ({ status, ends, attempts, disabled }) => {
  it('loses nothing and repeats at most what was in flight', async () => {
    receiver.answer(withStatus(status))
    let steps = 0
    for (let step = 1; ; step++) {
      receiver.received.length = 0
      const { id } = await endpoints.create(scope, { url: `${receiver.url}/${step}` })
      await endpoints.test(scope, id)
      const [delivery] = await rowsOf(id)
      const died = await runUntil(step, delivery!.id)
      await survive(id)

      const [row] = await rowsOf(id)
      expect({ step, status: row!.status, attempt_count: row!.attempt_count, lease: row!.lease_token }).toEqual({
        step,
        status: ends,
        attempt_count: attempts,
        lease: null,
      })
      expect((await endpoints.getDelivery(scope, delivery!.id)).attempts).toHaveLength(attempts)
      const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
      expect(new Set(ids)).toEqual(new Set([delivery!.event_id]))
      expect(ids.length).toBeLessThanOrEqual(2)
      const told = await events.list(scope, { limit: 100 }, { type: 'endpoint.disabled' })
      expect(told.data.filter(({ payload }) => payload.data['endpoint_id'] === id)).toHaveLength(disabled)
      await endpoints.delete(scope, id)
      if (!died) break
      steps = step
    }
    // Claim, target, request, outcome and the look for the next one are five awaits at least.
    expect(steps).toBeGreaterThanOrEqual(10)
  })
})
