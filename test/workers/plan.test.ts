import { createPlanFixture, readPlan } from '#test/domain/plan-fixture.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createPlanHandler } from '#workers/plan.ts'
import { Terminal } from '#src/errors.ts'
import { LeaseLost } from '#src/queue/lease.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const signal = AbortSignal.timeout(60_000)
const segmentsOf = async (campaignId: string) =>
  (
    await database.db
      .selectFrom('variants')
      .select('segment_key')
      .where('campaign_id', '=', campaignId)
      .orderBy('position')
      .execute()
  ).map((row) => row.segment_key)

it('logs what was planned, without a word of a segment', async () => {
  const fixture = await createPlanFixture(database)
  const campaign = await fixture.campaign()
  const claim = (await fixture.workItems.claim('plan', await fixture.requestPlan(campaign)))!
  const handler = createPlanHandler({ planner: fixture.planner })
  expect(await handler.handle(claim.row, claim.lease, { signal })).toEqual({
    campaign_id: campaign.id,
    plan_revision: 1,
    outcome: 'ready',
    variants: 3,
    renditions: 6,
    generations: 4,
    cost_max_micro_usd: 1_600_000,
  })
})

it('a stalled worker that wakes later writes nothing; the plan is made once', async () => {
  const stalled = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  let first = true
  const fixture = await createPlanFixture(database, {
    measure: async () => {
      if (!first) return []
      first = false
      reached.resolve()
      await stalled.promise
      return []
    },
  })
  const campaign = await fixture.campaign()
  const planId = await fixture.requestPlan(campaign)
  const handler = createPlanHandler({ planner: fixture.planner })
  const slow = (await fixture.workItems.claim('plan', planId))!
  const slowRun = handler.handle(slow.row, slow.lease, { signal }).then(
    () => 'written',
    (error: unknown) => error,
  )
  await reached.promise
  await sql`update plans set lease_until = now() - interval '1 second' where id = ${planId}`.execute(database.db)
  const quick = (await fixture.workItems.claim('plan', planId))!
  await handler.handle(quick.row, quick.lease, { signal })
  const plan = await readPlan(database.db, planId)
  stalled.resolve()
  expect(await slowRun).toBeInstanceOf(LeaseLost)
  expect(await readPlan(database.db, planId)).toEqual(plan)
  expect(await segmentsOf(campaign.id)).toEqual(['s1', 's2', 's3'])
})

it('stops between two pages when the process has to', async () => {
  const stop = new AbortController()
  const fixture = await createPlanFixture(database, {
    measure: () => {
      stop.abort(new Error('stopping'))
      return Promise.resolve([])
    },
  })
  const campaign = await fixture.campaign()
  const planId = await fixture.requestPlan(campaign)
  const handler = createPlanHandler({ planner: fixture.planner })
  const claim = (await fixture.workItems.claim('plan', planId))!
  await expect(handler.handle(claim.row, claim.lease, { signal: stop.signal })).rejects.toThrow('stopping')
  expect((await readPlan(database.db, planId)).status).toBe('waiting')
})

it('gives up with the reason', async () => {
  const fixture = await createPlanFixture(database)
  const planId = await fixture.requestPlan(await fixture.campaign())
  const claim = (await fixture.workItems.claim('plan', planId))!
  await createPlanHandler({ planner: fixture.planner }).giveUp(
    claim.row,
    new Terminal('too_many_starts', 'Given up.'),
    claim.lease,
  )
  expect(await readPlan(database.db, planId)).toMatchObject({
    status: 'failed',
    error: { code: 'too_many_starts', message: 'Given up.' },
  })
})
