/**
 * Deliveries a second and the time from commit to 2xx, on Redis and embedded, beside a floor of the same run: a bare BullMQ
 * job, one claim, the POST, one update. Every id is checked. `node test/bench/deliver.ts [deliveries]`
 */
import { createDatabase } from '#src/database/client.ts'
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.ts'
import { migrate } from '#src/database/migrate.ts'
import { createRunQueue, type RunQueueTarget } from '#src/queue/bullmq.ts'
import { type Deliverer, startDeliverer } from '#test/support/deliverer.ts'
import { redisIsHere, startRedis } from '#test/support/redis.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { startReceiver } from '#test/webhooks/receiver.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { Agent, request } from 'undici'

const total = Number(process.argv[2] ?? 5_000)
const paced = 400
const pauseMs = 10
/** Under way at once, in the floor and in ours: 8 endpoints with 8 each. */
const endpointCount = 8
const inFlight = 64

type Db = ReturnType<typeof createDatabase>
type Receiver = Awaited<ReturnType<typeof startReceiver>>
interface Result {
  readonly perSecond: number
  readonly latencies: readonly number[]
}
/** Enqueues or commits one; the rest happens by itself. */
interface Sender {
  sendMany(keys: readonly string[]): Promise<void>
  sendOne(key: string): Promise<void>
  /** What the receiver is told a key by. */
  keyOf(body: string): string
}

/** @throws Error unless every key arrived */
async function measure(receiver: Receiver, name: string, sender: Sender): Promise<Result> {
  const arrivals = new Map<string, number>()
  let wanted = Infinity
  let all = Promise.withResolvers<void>()
  receiver.answer((response, { body }) => {
    response.writeHead(204).end()
    const key = sender.keyOf(body)
    if (!arrivals.has(key)) arrivals.set(key, performance.now())
    if (arrivals.size >= wanted) all.resolve()
  })
  const expectAll = async (keys: readonly string[]) => {
    await all.promise
    for (const key of keys) if (!arrivals.has(key)) throw new Error(`${name}: ${key} did not arrive.`)
    all = Promise.withResolvers()
    arrivals.clear()
    receiver.received.length = 0
  }
  const keysOf = (kind: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${kind}-${i}`)
  const warm = keysOf('warm', 200)
  wanted = warm.length
  await sender.sendMany(warm)
  await expectAll(warm)

  const keys = keysOf('load', total)
  wanted = total
  const startedAt = performance.now()
  await sender.sendMany(keys)
  await all.promise
  const perSecond = (total / (performance.now() - startedAt)) * 1000
  await expectAll(keys)

  const slow = keysOf('paced', paced)
  wanted = paced
  const sent = new Map<string, number>()
  for (const key of slow) {
    await sender.sendOne(key)
    sent.set(key, performance.now())
    await delay(pauseMs)
  }
  await all.promise
  const latencies = slow.map((key) => Math.max(0, arrivals.get(key)! - sent.get(key)!)).toSorted((a, b) => a - b)
  await expectAll(slow)
  return { perSecond, latencies }
}

async function floor(database: Db, queue: RunQueueTarget, receiver: Receiver, name: string): Promise<Result> {
  const { db } = database
  await sql`create table if not exists floor (id text primary key, status text not null default 'due', token text)`.execute(db)
  const runQueue = await createRunQueue(queue, { onError: console.error })
  const agent = new Agent()
  const consumer = runQueue.consume('deliver', { concurrency: inFlight }, async (id) => {
    await sql`update floor set token = ${id} where id = ${id} and status = 'due' returning *`.execute(db)
    const { body } = await request(receiver.url, { method: 'POST', body: id, dispatcher: agent })
    await body.dump()
    await sql`update floor set status = 'delivered' where id = ${id} and token = ${id}`.execute(db)
  })
  const sendMany = async (keys: readonly string[]) => {
    await sql`insert into floor (id) select unnest(${[...keys]}::text[])`.execute(db)
    const items = keys.map((id) => ({ id, starts: 0 }))
    for (let at = 0; at < items.length; at += 1_000) await runQueue.wake('deliver', items.slice(at, at + 1_000))
  }
  try {
    return await measure(receiver, name, { sendMany, sendOne: (key) => sendMany([key]), keyOf: (body) => body })
  } finally {
    await consumer.close(1_000)
    await runQueue.close()
    await agent.close()
  }
}

async function ours(database: Db & { connectionString: string }, queue: RunQueueTarget, receiver: Receiver, name: string) {
  const scope = await createTestWorkspace(database.db)
  const deliverer: Deliverer = await startDeliverer({ database, scope, queue })
  const input = { url: receiver.url, max_concurrency: inFlight / endpointCount }
  const endpoints = await Promise.all(Array.from({ length: endpointCount }, () => deliverer.addEndpoint(input)))
  const sendMany = async (keys: readonly string[]) => {
    await Promise.all(
      endpoints.map(({ id }, n) =>
        deliverer.emitMany(
          id,
          keys.filter((_, i) => i % endpointCount === n),
        ),
      ),
    )
  }
  const keyOf = (body: string) => (JSON.parse(body) as { data: { url: string } }).data.url
  try {
    const sendOne = (key: string) => deliverer.emit(endpoints[0]!.id, key)
    const result = await measure(receiver, name, { sendMany, sendOne, keyOf })
    if (deliverer.faults.length > 0) console.error(deliverer.faults)
    return result
  } finally {
    await deliverer.close()
  }
}

const percentile = (sorted: readonly number[], p: number) => sorted[Math.ceil(sorted.length * p) - 1]!.toFixed(1)
const line = (name: string, { perSecond, latencies }: Result): string =>
  [
    name.padEnd(18),
    perSecond.toFixed(0).padStart(12),
    ...[0.5, 0.95, 0.99].map((p) => percentile(latencies, p).padStart(8)),
  ].join(' ')

async function compare(database: Db & { connectionString: string }, name: string, queue: RunQueueTarget): Promise<void> {
  const receiver = await startReceiver()
  const bare = await floor(database, queue, receiver, `${name}-floor`)
  console.log(line(`${name} floor`, bare))
  const own = await ours(database, queue, receiver, `${name}-ours`)
  console.log(line(`${name} spotsmith`, own), `  ${(own.perSecond / bare.perSecond).toFixed(2)} x floor`)
  receiver.close()
}

const dataDir = await mkdtemp(join(tmpdir(), 'spotsmith-bench-'))
const server = await startEmbeddedPostgres({ dataDir })
await migrate(server.connectionString)
const database = {
  ...createDatabase({ connectionString: server.connectionString, max: 16, applicationName: 'bench' }),
  connectionString: server.connectionString,
}
console.log(
  `${new Date().toISOString()} ${cpus().length} x ${cpus()[0]!.model}, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB, ${process.version}`,
)
console.log(
  `${total} deliveries, ${endpointCount} endpoints, ${inFlight} under way; latencies of ${paced} at ${1000 / pauseMs}/s, ms`,
)
console.log('                   deliveries/s      p50      p95      p99')
try {
  if (redisIsHere()) {
    const redis = await startRedis()
    await compare(database, 'Redis', { kind: 'redis', url: redis.url })
    await redis.close()
  }
  await compare(database, 'embedded', { kind: 'postgres', connectionString: server.connectionString })
} finally {
  await database.close()
  await server.close()
  await rm(dataDir, { recursive: true, force: true })
}
