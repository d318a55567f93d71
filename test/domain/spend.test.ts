import type { Scope } from '#src/domain/scope.ts'
import { createCore } from '#test/support/core.ts'
import { clipCost, fault } from '#test/support/fake-provider.ts'
import { addPlannedCampaign, type PlannedOptions } from '#test/support/planned-campaign.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

const core = await createCore()
const { db, sim, campaigns } = core
const usual = { ...sim.orders }
afterAll(() => core.close())

let scope: Scope
beforeEach(async () => {
  Object.assign(sim.orders, usual)
  sim.submissions.length = 0
  core.faults.length = 0
  scope = await createTestWorkspace(db)
})

async function launch(options: Partial<PlannedOptions> = {}): Promise<string> {
  const { id, digest } = await addPlannedCampaign(db, { workspaceId: scope.workspaceId, ...options })
  await campaigns.launch(scope, id, { plan_digest: digest })
  return id
}
const prompts = (count: number) => Array.from({ length: count }, (_, i) => `cup ${i}`)
const get = (id: string) => campaigns.get(scope, id)
const eventsOf = async (type: string) => (await core.events.list(scope, { limit: 100 }, { type })).data

describe('a budget', () => {
  test('of ten clips buys exactly ten of twenty, all claimed at once, and says that it is used up', async () => {
    const id = await launch({ prompts: prompts(20), budget: 10 * clipCost })
    await core.settle()
    expect(core.faults).toEqual([])
    expect(sim.submissions).toHaveLength(10)
    expect(await get(id)).toMatchObject({
      status: 'rendering',
      pause_reasons: ['budget'],
      spend: { reserved_micro_usd: 0, spent_micro_usd: 10 * clipCost },
    })
    expect(await eventsOf('campaign.budget_exhausted')).toHaveLength(1)
  })

  test('that is raised lets the campaign go on', async () => {
    const id = await launch({ prompts: prompts(3), budget: 2 * clipCost })
    await core.settle()
    expect((await get(id)).pause_reasons).toEqual(['budget'])
    await expect(campaigns.resume(scope, id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(campaigns.patch(scope, id, { budget_micro_usd: clipCost })).rejects.toMatchObject({ code: 'invalid' })
    await campaigns.patch(scope, id, { budget_micro_usd: 3 * clipCost })
    await core.settle()
    expect(await get(id)).toMatchObject({ status: 'completed', pause_reasons: [], spend: { spent_micro_usd: 3 * clipCost } })
  })

  test('gets back what a failure did not cost, and buys the next clip with it', async () => {
    let bought: string | undefined
    sim.orders.poll = async (ref, attempt) =>
      attempt.clip.prompt === (bought ??= attempt.clip.prompt)
        ? { kind: 'failed', error: fault('moderation_output') }
        : await usual.poll(ref, attempt)
    const id = await launch({ prompts: prompts(2), budget: clipCost })
    await core.settle()
    expect(await get(id)).toMatchObject({
      status: 'completed',
      spend: { reserved_micro_usd: 0, spent_micro_usd: clipCost },
      counts: { variants: { ready: 1, failed: 1 } },
    })
  })

  test('of the workspace holds for the month, over all its campaigns', async () => {
    const set = (value: number) =>
      sql`update workspaces set budget_per_month_micro_usd = ${value} where id = ${scope.workspaceId}`.execute(db)
    await set(3 * clipCost)
    const [first, second] = [await launch({ prompts: prompts(2) }), await launch({ prompts: ['other 1', 'other 2'] })]
    await core.settle()
    expect(sim.submissions).toHaveLength(3)
    const paused = [await get(first), await get(second)].filter((campaign) => campaign.pause_reasons.includes('budget'))
    expect(paused).toHaveLength(1)
    expect(paused[0]!.spend.reserved_micro_usd).toBe(0)
  })
})

describe('a clip that two campaigns want', () => {
  test('is bought once; the first in line pays, the other shows it as saved', async () => {
    const [later, urgent] = [await launch({ priority: 5 }), await launch({ priority: 1 })]
    await core.settle()
    expect(sim.submissions).toHaveLength(1)
    expect((await get(urgent)).spend).toEqual({ reserved_micro_usd: 0, spent_micro_usd: clipCost, saved_micro_usd: 0 })
    expect((await get(later)).spend).toEqual({ reserved_micro_usd: 0, spent_micro_usd: 0, saved_micro_usd: clipCost })
    expect([(await get(later)).status, (await get(urgent)).status]).toEqual(['completed', 'completed'])
  })

  test('is paid for by the one that has room', async () => {
    const [poor, rich] = [await launch({ priority: 1, budget: 0 }), await launch({ priority: 5 })]
    await core.settle()
    expect((await get(rich)).spend.spent_micro_usd).toBe(clipCost)
    expect(await get(poor)).toMatchObject({ status: 'completed', pause_reasons: [], spend: { saved_micro_usd: clipCost } })
  })

  test('is bought by the next in line when the first is cancelled before its submission', async () => {
    const [first, second] = [await launch({ priority: 1 }), await launch({ priority: 5 })]
    await campaigns.cancel(scope, first)
    await core.settle()
    expect((await get(second)).spend.spent_micro_usd).toBe(clipCost)
    expect((await get(first)).spend.spent_micro_usd).toBe(0)
  })

  test('that is there already costs a later campaign nothing', async () => {
    await launch()
    await core.settle()
    const later = await launch()
    await core.settle()
    expect(sim.submissions).toHaveLength(1)
    expect(await get(later)).toMatchObject({ status: 'completed', spend: { spent_micro_usd: 0, saved_micro_usd: clipCost } })
  })
})

describe('a campaign that stops', () => {
  test('cancelled before its submission buys nothing, and its variants end without an event', async () => {
    const id = await launch({ segmentsPerPrompt: 3 })
    await campaigns.cancel(scope, id)
    await core.settle()
    expect(sim.submissions).toHaveLength(0)
    expect(await get(id)).toMatchObject({
      status: 'cancelled',
      counts: { variants: { cancelled: 3 }, renditions: { cancelled: 3 }, generations: { cancelled: 1 } },
    })
    expect(await eventsOf('variant.failed')).toEqual([])
  })

  test('cancelled after its submission pays for the clip, keeps it, and composes nothing', async () => {
    sim.orders.poll = async () => ({ kind: 'running' })
    const id = await launch()
    await core.settle(3)
    await campaigns.cancel(scope, id)
    Object.assign(sim.orders, usual)
    await core.settle()
    expect(await get(id)).toMatchObject({
      status: 'cancelled',
      spend: { spent_micro_usd: clipCost },
      counts: { generations: { ready: 1 } },
    })
    expect((await get(id)).counts.renditions).toMatchObject({ cancelled: 1, ready: 0 })
    const next = await launch()
    await core.settle()
    expect((await get(next)).spend.saved_micro_usd).toBe(clipCost)
  })

  test('paused submits and composes nothing, but follows what it has submitted', async () => {
    let done = false
    sim.orders.poll = async (ref, attempt) => (done ? await usual.poll(ref, attempt) : { kind: 'running' })
    const id = await launch({ prompts: prompts(1) })
    await core.settle(3)
    await campaigns.pause(scope, id)
    done = true
    await core.settle()
    expect(await get(id)).toMatchObject({
      status: 'rendering',
      pause_reasons: ['user'],
      counts: { generations: { ready: 1 }, renditions: { waiting: 1 } },
    })
    await campaigns.resume(scope, id)
    await core.settle()
    expect((await get(id)).status).toBe('completed')
    expect((await eventsOf('campaign.paused')).length + (await eventsOf('campaign.resumed')).length).toBe(2)
  })

  test('does not begin before its time', async () => {
    const id = await launch()
    await campaigns.patch(scope, id, { not_before: new Date(Date.now() + 3_600_000).toISOString() })
    await core.settle()
    expect(sim.submissions).toHaveLength(0)
    await campaigns.patch(scope, id, { not_before: null })
    await core.settle()
    expect((await get(id)).status).toBe('completed')
  })
})

describe('the ledger', () => {
  test('cannot be changed, only added to', async () => {
    await launch()
    await core.settle()
    await expect(sql`update ledger set micro_usd = 0`.execute(db)).rejects.toThrow('append-only')
    await expect(sql`delete from ledger`.execute(db)).rejects.toThrow('append-only')
  })

  test('books a correction, and usage shows it by campaign, model and day', async () => {
    const id = await launch()
    await core.settle()
    const attempt = await db.selectFrom('attempts').selectAll().where('campaign_id', '=', id).executeTakeFirstOrThrow()
    const purchase = {
      attemptId: attempt.id,
      generationId: attempt.generation_id,
      campaignId: id,
      workspaceId: scope.workspaceId,
      model: attempt.model,
      submittedAt: attempt.submitted_at,
    }
    await db.transaction().execute((trx) => core.spend.adjust(trx, purchase, -40_000))
    const day = new Date().toISOString().slice(0, 10)
    expect(await core.spend.usage(scope, {})).toMatchObject({
      spent_micro_usd: 60_000,
      reserved_micro_usd: 0,
      by_campaign: [{ campaign_id: id, spent_micro_usd: 60_000 }],
      by_model: [{ model: 'sim/one', spent_micro_usd: 60_000 }],
      by_day: [{ day, spent_micro_usd: 60_000 }],
    })
    expect((await get(id)).spend.spent_micro_usd).toBe(60_000)
    expect((await core.spend.usage(await createTestWorkspace(db), {})).spent_micro_usd).toBe(0)
    await expect(core.spend.usage(scope, { from: '2026-12-02', to: '2026-12-01' })).rejects.toMatchObject({ code: 'invalid' })
  })
})
