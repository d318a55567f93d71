/** Dead endpoints against a healthy one, over the real run-queue, top-up and network. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { type Deliverer, startDeliverer } from '#test/support/deliverer.ts'
import { openTestRedis, redisIsHere } from '#test/support/redis.ts'
import { until } from '#test/support/until.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { startReceiver } from '#test/webhooks/receiver.ts'

const deadEndpoints = 50
const probes = 150

let database: TestDatabase
let close: () => Promise<void>
let deliverer: Deliverer
let healthy: Awaited<ReturnType<typeof startReceiver>>
let dead: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  database = await createTestDatabase()
  const redis = redisIsHere() ? await openTestRedis() : undefined
  const queue = redis
    ? ({ kind: 'redis', url: redis.url } as const)
    : ({ kind: 'postgres', connectionString: database.connectionString } as const)
  deliverer = await startDeliverer({ database, scope: await createTestWorkspace(database.db), queue })
  close = async () => {
    await deliverer.close()
    await redis?.close()
  }
  healthy = await startReceiver()
  dead = await startReceiver()
  dead.answer(() => {})
})
afterAll(async () => {
  dead.close()
  healthy.close()
  await close()
  await database.close()
})

/** From the commit of an event to its arrival, one after the other, so that nothing waits for the measurement itself. */
async function latencies(endpointId: string, name: string): Promise<number[]> {
  const measured: number[] = []
  for (let i = 0; i < probes; i++) {
    const arrived = Promise.withResolvers<void>()
    healthy.answer((response) => {
      response.writeHead(204).end()
      arrived.resolve()
    })
    await deliverer.emit(endpointId, `${name}-${i}`)
    const committed = performance.now()
    await arrived.promise
    measured.push(performance.now() - committed)
  }
  return measured.toSorted((a, b) => a - b)
}

const percentile = (sorted: readonly number[], p: number): number => sorted[Math.ceil(sorted.length * p) - 1]!

it('50 endpoints that never answer do not slow a healthy one', async () => {
  const { id } = await deliverer.addEndpoint({ url: healthy.url })
  await latencies(id, 'warm')
  const alone = await latencies(id, 'alone')
  for (let n = 0; n < deadEndpoints; n++) {
    const endpoint = await deliverer.addEndpoint({ url: `${dead.url}/${n}` })
    await deliverer.emitMany(
      endpoint.id,
      Array.from({ length: 20 }, (_, i) => `dead-${n}-${i}`),
    )
  }
  await until(
    () => dead.received.length,
    (under) => under >= deadEndpoints * 8,
    'every dead endpoint has all the requests under way that it may have',
  )
  const beside = await latencies(id, 'beside')
  const figures = { alone: percentile(alone, 0.99), beside: percentile(beside, 0.99) }
  console.log('p99 of a healthy endpoint, ms:', figures, { p50: [percentile(alone, 0.5), percentile(beside, 0.5)] })
  // Queued behind dead endpoints it would be 15 seconds; the machine's own noise is tens of milliseconds.
  expect(figures.beside).toBeLessThan(2 * figures.alone + 100)
  expect(dead.received.length).toBe(deadEndpoints * 8)
  expect(deliverer.faults).toEqual([])
})
