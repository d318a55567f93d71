import { createNudgeListener } from '#src/queue/nudges.ts'
import type { WakeUp, WorkKind } from '#src/queue/run-queue.ts'
import { createTopUp, nudge, type TopUpOptions } from '#src/queue/top-up.ts'
import { createWorkItems } from '#src/queue/work-items.ts'
import { createTestDatabase } from '#test/support/database.ts'
import { newId } from '#test/support/workspace.ts'
import { until } from '#test/support/until.ts'
import { addCampaign, addDeliveries, addEndpoint, addGenerations, addRenditions, addWorkspace, forgetWork } from './rows.ts'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const database = await createTestDatabase()
const { db } = database
const workItems = createWorkItems({ db, newToken: randomUUID, renewMs: 1e9 })
let [a, b] = ['', '']
beforeAll(async () => {
  ;[a, b] = [await addWorkspace(db), await addWorkspace(db)]
})
afterEach(() => forgetWork(db))
afterAll(async () => {
  await workItems.close()
  await database.close()
})

type Woken = Record<WorkKind, string[]>

/** What one look at everything wakes, in order. */
async function wokenBy(options: Partial<TopUpOptions> = {}): Promise<Woken> {
  const woken: Woken = { plan: [], generate: [], compose: [], deliver: [] }
  const topUp = createTopUp({
    db,
    runQueue: {
      waiting: async () => 0,
      wake: async (kind: WorkKind, items: readonly WakeUp[]) => void woken[kind].push(...items.map(({ id }) => id)),
    },
    modelLimits: () => new Map(),
    onError: (error) => {
      throw error
    },
    ...options,
  })
  await topUp.tick()
  await topUp.close()
  return woken
}
const limits = (maxInFlight: number, submitsPerMinute = 1_000, model = 'sim/one') => ({
  modelLimits: () => new Map([[model, { maxInFlight, submitsPerMinute }]]),
})

describe('fair share', () => {
  test("ten rows of one workspace come within the first round of another's thousands, whatever its priorities", async () => {
    const many = await addRenditions(db, await addCampaign(db, a, { priority: 1 }), 3_000, 3_600)
    const few = await addRenditions(db, await addCampaign(db, b, { priority: 9 }), 10, 1)
    const { compose } = await wokenBy()
    expect(compose).toHaveLength(128)
    expect(compose.slice(0, 20).filter((id) => few.includes(id))).toHaveLength(10)
    expect(compose.slice(20).every((id) => many.includes(id))).toBe(true)
  })

  test('inside a workspace priority goes first, then age', async () => {
    const old = await addRenditions(db, await addCampaign(db, a, { priority: 5 }), 2, 600)
    const young = await addRenditions(db, await addCampaign(db, a, { priority: 5 }), 2, 60)
    const urgent = await addRenditions(db, await addCampaign(db, a, { priority: 1 }), 2, 1)
    expect((await wokenBy()).compose).toEqual([...urgent, ...old, ...young])
  })

  test('workspaces take turns at a model with little room', async () => {
    await addGenerations(db, await addCampaign(db, a), 50)
    const few = await addGenerations(db, await addCampaign(db, b), 3)
    const { generate } = await wokenBy(limits(4))
    expect(generate).toHaveLength(4)
    expect(generate.filter((id) => few.includes(id))).toHaveLength(2)
  })
})

describe('generations', () => {
  test('never fill a model beyond its limit in flight, over all workers', async () => {
    const campaign = await addCampaign(db, a)
    await addGenerations(db, campaign, 2, { status: 'running' })
    const planned = await addGenerations(db, campaign, 10)
    expect((await wokenBy(limits(5))).generate).toEqual(planned.slice(0, 3))
    // One is on its way to submission in some worker: it has taken a seat.
    const claim = await workItems.claim('generate', planned[0]!)
    expect((await wokenBy(limits(5))).generate).toEqual(planned.slice(1, 3))
    await workItems.release(claim!.lease)
    await addGenerations(db, campaign, 3, { status: 'running' })
    expect((await wokenBy(limits(5))).generate).toEqual([])
  })

  test('never pass the submissions of a model in a minute', async () => {
    const campaign = await addCampaign(db, a)
    const [done] = await addGenerations(db, campaign, 1, { status: 'ready' })
    await addGenerations(db, campaign, 10)
    await sql`
      insert into attempts (id, workspace_id, generation_id, campaign_id, status, provider, model, request, request_sha256,
        reserved_micro_usd, submitted_at)
      select ${newId('attempt')} || n, ${a}, ${done!}, ${campaign}, 'succeeded', 'sim', 'sim/one', '{}', 'x', 0,
        now() - n * interval '20 seconds' from generate_series(1, 5) n`.execute(db)
    expect((await wokenBy(limits(100, 6))).generate).toHaveLength(4)
  })

  test('of a model that is no longer configured still reach a worker', async () => {
    const gone = await addGenerations(db, await addCampaign(db, a), 1, { model: 'sim/gone' })
    expect((await wokenBy(limits(5))).generate).toEqual(gone)
  })

  test('that a crash left behind after submission come first, also for a cancelled campaign', async () => {
    await addGenerations(db, await addCampaign(db, a), 3)
    const left = await addGenerations(db, await addCampaign(db, a, { status: 'cancelled' }), 1, { status: 'submitting' })
    const fetching = await addGenerations(db, await addCampaign(db, a, { paused: ['user'] }), 1, { status: 'fetching' })
    const { generate } = await wokenBy(limits(2))
    expect(generate.slice(0, 2)).toEqual([...left, ...fetching].toSorted())
    expect(generate).toHaveLength(3)
  })

  test('that two campaigns share run for the one that is not paused, once', async () => {
    const [shared] = await addGenerations(db, await addCampaign(db, a, { paused: ['budget'] }), 1)
    expect((await wokenBy(limits(5))).generate).toEqual([])
    for (const campaign of [await addCampaign(db, a), await addCampaign(db, a)])
      await sql`
        insert into shots (id, workspace_id, campaign_id, shot_key, spec, generation_id)
        values (${newId('shot')}, ${a}, ${campaign}, 'k', '{}', ${shared!})`.execute(db)
    expect((await wokenBy(limits(5))).generate).toEqual([shared])
  })
})

test('paused, cancelled and later campaigns wake nothing; resumed ones do', async () => {
  const campaign = await addCampaign(db, a, { paused: ['user', 'budget'] })
  const others = [{ status: 'cancelled' }, { status: 'planned' }, { notBefore: new Date(Date.now() + 3_600_000) }]
  for (const settings of others) {
    const other = await addCampaign(db, a, settings)
    await addRenditions(db, other, 2)
    await addGenerations(db, other, 2)
  }
  const [renditions, generations] = [await addRenditions(db, campaign, 2), await addGenerations(db, campaign, 2)]
  expect(await wokenBy(limits(9))).toMatchObject({ generate: [], compose: [] })
  await sql`update campaigns set pause_reasons = '{}' where id = ${campaign}`.execute(db)
  expect(await wokenBy(limits(9))).toMatchObject({ generate: generations, compose: renditions })
})

test('plans are woken in turn, and rows that someone holds or that are not due are left alone', async () => {
  const campaign = await addCampaign(db, a, { status: 'planning' })
  const ids = ['1', '2', '3'].map((n) => `${newId('plan')}${n}`)
  for (const [revision, id] of ids.entries())
    await sql`insert into plans (id, workspace_id, campaign_id, revision) values (${id}, ${a}, ${campaign}, ${revision})`.execute(
      db,
    )
  await sql`update plans set due_at = now() + interval '1 hour' where id = ${ids[2]!}`.execute(db)
  await workItems.claim('plan', ids[0]!)
  expect((await wokenBy()).plan).toEqual([ids[1]])
  await sql`update plans set lease_until = now() - interval '1 second' where id = ${ids[0]!}`.execute(db)
  expect((await wokenBy()).plan.toSorted()).toEqual([ids[0]!, ids[1]!].toSorted())
  await sql`delete from plans`.execute(db)
})

describe('deliveries', () => {
  test('each endpoint has its own concurrency, and a dead one holds up nobody', async () => {
    const dead = await addDeliveries(db, await addEndpoint(db, a, { concurrency: 2 }), 500)
    const alive = await addDeliveries(db, await addEndpoint(db, a, { concurrency: 8 }), 5)
    await addDeliveries(db, await addEndpoint(db, a, { status: 'disabled' }), 5)
    const first = (await wokenBy()).deliver
    expect(first.filter((id) => dead.includes(id))).toHaveLength(2)
    expect(first.filter((id) => alive.includes(id)).toSorted()).toEqual(alive.toSorted())
    expect(first).toHaveLength(7)
    // Both slots of the dead endpoint are at work.
    for (const id of first.filter((row) => dead.includes(row))) await workItems.claim('deliver', id)
    expect((await wokenBy()).deliver.filter((id) => dead.includes(id))).toEqual([])
  })

  test('a rate limit holds, and a granted delivery can be claimed', async () => {
    const endpoint = await addEndpoint(db, a, { rate: 10 })
    await addDeliveries(db, endpoint, 100)
    const first = (await wokenBy()).deliver
    expect(first).toHaveLength(2)
    expect((await wokenBy()).deliver).toEqual([])
    expect(await workItems.claim('deliver', first[0]!)).toBeDefined()
    // Later the next two get their turn, not the first again.
    await sql`update webhook_endpoints set next_send_at = now() where id = ${endpoint}`.execute(db)
    const second = (await wokenBy()).deliver
    expect(second).toHaveLength(2)
    expect(second.filter((id) => first.includes(id))).toEqual([])
    // A grant whose wake-up got lost is given again.
    await sql`update deliveries set lease_until = now() - interval '1 second' where id = ${first[1]!}`.execute(db)
    await sql`update webhook_endpoints set next_send_at = now() where id = ${endpoint}`.execute(db)
    expect((await wokenBy()).deliver).toContain(first[1])
  })
})

describe('the top-up', () => {
  test('adds nothing while its window is full', async () => {
    await addRenditions(db, await addCampaign(db, a), 20)
    const woken: string[] = []
    const wake = async (_kind: WorkKind, items: readonly WakeUp[]) => void woken.push(...items.map(({ id }) => id))
    await wokenBy({ window: 10, runQueue: { waiting: async () => 10, wake } })
    expect(woken).toEqual([])
    await wokenBy({ window: 10, runQueue: { waiting: async () => 9, wake } })
    expect(woken).toHaveLength(10)
  })

  test('goes on with the others when one kind or one sweep fails', async () => {
    const rows = await addRenditions(db, await addCampaign(db, a), 1)
    const failed: string[] = []
    const swept: string[] = []
    const { compose } = await wokenBy({
      modelLimits: () => {
        throw new Error('no limits')
      },
      sweeps: {
        broken: async (trx) => void (await sql`select 1 / 0`.execute(trx)),
        sound: async (trx) => void swept.push((await sql<{ n: string }>`select 'sound' as n`.execute(trx)).rows[0]!.n),
      },
      onError: (_error, unit) => void failed.push(unit),
    })
    expect(compose).toEqual(rows)
    expect(failed).toEqual(['generate', 'sweep broken'])
    expect(swept).toEqual(['sound'])
  })

  test('is done by one process at a time, and by another when that one is gone', async () => {
    const rows = await addRenditions(db, await addCampaign(db, a), 1)
    const inside = Promise.withResolvers<void>()
    const leave = Promise.withResolvers<void>()
    const sweeps = { slow: async () => (inside.resolve(), leave.promise) }
    const first = wokenBy({ sweeps })
    await inside.promise
    let swept = 0
    const second = await wokenBy({ sweeps: { slow: async () => void swept++ } })
    expect([swept, second.compose]).toEqual([0, rows])
    leave.resolve()
    await first
    await wokenBy({ sweeps: { slow: async () => void swept++ } })
    expect(swept).toBe(1)
  })

  test('looks at once when a transaction that nudged commits, and not when it rolls back', async () => {
    const heard: WorkKind[] = []
    const listener = createNudgeListener({
      connectionString: database.connectionString,
      onNudge: (kind) => void heard.push(kind),
      onError: () => {},
    })
    await listener.start()
    heard.length = 0
    await db
      .transaction()
      .execute(async (trx) => {
        await nudge(trx, 'plan')
        throw new Error('rolled back')
      })
      .catch(() => {})
    await db.transaction().execute((trx) => nudge(trx, 'deliver'))
    await until(
      () => heard,
      (kinds) => kinds.length > 0,
      'the nudge',
    )
    expect(heard).toEqual(['deliver'])
    // The connection breaks: it listens again by itself, and looks at everything once for what it missed.
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'spotsmith_work'
      and datname = current_database()`.execute(db)
    await until(
      () => heard.length,
      (n) => n === 5,
      'the second connection',
    )
    await nudge(db, 'compose')
    await until(
      () => heard.at(-1),
      (kind) => kind === 'compose' && heard.length === 6,
      'the nudge after it',
    )
    await listener.close()
  })
})
