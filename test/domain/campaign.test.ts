import type { CampaignInput } from '#src/domain/campaign/input.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createErasure } from '#src/domain/variant/service-erase.ts'
import { createCore } from '#test/support/core.ts'
import { addPlannedCampaign, type PlannedOptions } from '#test/support/planned-campaign.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

const core = await createCore()
const { db, campaigns } = core
afterAll(() => core.close())

let scope: Scope
beforeEach(async () => {
  scope = await createTestWorkspace(db)
})

const template = {
  name: 'Cups',
  variables: [{ name: 'first_name', type: 'string', personal: true, use: ['overlay'] }],
  clip: { prompt: 'a cup', seconds: 6 },
  overlays: [{ kind: 'text', text: 'Hello {{ first_name }}' }],
  formats: ['reels_9x16'],
}
const input: CampaignInput = {
  name: 'Autumn',
  template,
  segments: [{ key: 's1', attributes: { first_name: 'Ann' } }],
  segment_filter: null,
  on_invalid: 'skip',
  models: ['sim/one'],
  budget_micro_usd: null,
  max_generations: 100,
  max_renditions: 50_000,
  review: 'none',
  on_uncertain: 'hold',
  priority: 5,
  not_before: null,
  metadata: { flight: 'ES-Q4' },
  launch: false,
}
const create = (more: Partial<CampaignInput> = {}) => campaigns.create(scope, { ...input, ...more })
const planned = (options: Partial<PlannedOptions> = {}) => addPlannedCampaign(db, { workspaceId: scope.workspaceId, ...options })
const eventsOf = async (type: string) => (await core.events.list(scope, { limit: 100 }, { type })).data
const pointersOf = async (work: Promise<unknown>): Promise<string[]> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return (error as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)
}

describe('creating', () => {
  test('with inline template and segments makes real ones, and takes the formats of the template', async () => {
    const campaign = await create()
    expect(campaign).toMatchObject({
      object: 'campaign',
      status: 'draft',
      template_version: 1,
      audience_revision: 1,
      formats: ['reels_9x16'],
      counts: { variants: { planned: 0, ready: 0 }, uncertain: 0 },
      spend: { reserved_micro_usd: 0, spent_micro_usd: 0, saved_micro_usd: 0 },
      plan_digest: null,
    })
    expect((await core.audiences.segments(scope, campaign.audience_id, { limit: 5 })).data).toHaveLength(1)
    expect((await core.templates.get(scope, campaign.template_id)).name).toBe('Cups')
  })

  test('with launch is planned and will be launched, in one call; without the scope it is refused whole', async () => {
    expect((await create({ launch: true })).status).toBe('planning')
    const before = await campaigns.list(scope, { limit: 10 })
    await expect(campaigns.create(scope, { ...input, launch: true }, { mayRender: false })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect((await campaigns.list(scope, { limit: 10 })).data).toHaveLength(before.data.length)
  })

  test('with faults lists them all, each with its place, and leaves nothing behind', async () => {
    const pointers = await pointersOf(
      create({ formats: ['reels_9x16', 'tv', 'reels_9x16'], models: ['sim/one', 'sim/gone'], review: 'clips' }),
    )
    expect(pointers).toEqual(['/formats/1', '/formats/2', '/models/1'])
    expect((await core.templates.list(scope, { limit: 10 })).data).toEqual([])
    const nowhere = { template: undefined, template_id: 'tmpl_nowhere' }
    expect(await pointersOf(create(nowhere))).toEqual(['/template_id'])
  })

  test('never sees what belongs to another workspace', async () => {
    const { id, template_id } = await create()
    scope = await createTestWorkspace(db)
    await expect(campaigns.get(scope, id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(campaigns.cancel(scope, id)).rejects.toMatchObject({ code: 'not_found' })
    expect(await pointersOf(create({ template: undefined, template_id }))).toEqual(['/template_id'])
    expect((await campaigns.list(scope, { limit: 10 })).data).toEqual([])
  })
})

describe('planning', () => {
  test('makes one plan to be worked on, on the newest revision of the audience', async () => {
    const { id, audience_id } = await create()
    await sql`update audiences set revision = 4 where id = ${audience_id}`.execute(db)
    expect(await campaigns.plan(scope, id)).toMatchObject({ status: 'planning', audience_revision: 4 })
    expect(await campaigns.getPlan(scope, id)).toMatchObject({ object: 'plan', revision: 1, status: 'waiting', digest: null })
    await expect(campaigns.plan(scope, id)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('is of no use any more when the campaign changes meanwhile', async () => {
    const { id } = await create({ launch: true })
    expect(await campaigns.patch(scope, id, { name: 'Winter' })).toMatchObject({ status: 'draft', name: 'Winter' })
    expect(await campaigns.getPlan(scope, id)).toMatchObject({ status: 'superseded' })
    const row = await db.selectFrom('campaigns').select('launch_on_planned').where('id', '=', id).executeTakeFirstOrThrow()
    expect(row.launch_on_planned).toBe(false)
  })

  test('of a campaign that has none is not found', async () => {
    const { id } = await create()
    await expect(campaigns.getPlan(scope, id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(campaigns.invalidSegments(scope, id, { limit: 5 })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('launching', () => {
  test('takes the digest that was read, once', async () => {
    const { id, digest } = await planned()
    const wrong = campaigns.launch(scope, id, { plan_digest: 'sha256:old' })
    await expect(wrong).rejects.toMatchObject({
      code: 'plan_changed',
      extensions: { difference: { plan_digest: { given: 'sha256:old', current: digest } } },
    })
    expect(await campaigns.launch(scope, id, { plan_digest: digest })).toMatchObject({ status: 'rendering', plan_digest: digest })
    await expect(campaigns.launch(scope, id, { plan_digest: digest })).rejects.toMatchObject({ code: 'conflict' })
    expect(await eventsOf('campaign.launched')).toHaveLength(1)
  })

  test('is refused, and undone, when a clip that the plan called owned is gone', async () => {
    const { id, digest } = await planned()
    await sql`update plans set result = '{"generations": {"owned": 1}}' where campaign_id = ${id}`.execute(db)
    await expect(campaigns.launch(scope, id, { plan_digest: digest })).rejects.toMatchObject({
      code: 'plan_changed',
      extensions: { difference: { generations: { owned: { planned: 1, now: 0 } } } },
    })
    expect((await campaigns.get(scope, id)).status).toBe('planned')
    expect((await core.generations.list(scope, { limit: 10 })).data).toEqual([])
  })

  test('by the planner is the same launch, in its transaction', async () => {
    const { id } = await planned()
    await db.transaction().execute((trx) => campaigns.launchPlanned(trx, { workspaceId: scope.workspaceId, id }))
    expect((await campaigns.get(scope, id)).status).toBe('rendering')
  })

  test('of one shot by twenty campaigns at once makes one generation', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => planned()))
    await Promise.all(all.map(({ id, digest }) => campaigns.launch(scope, id, { plan_digest: digest })))
    expect((await core.generations.list(scope, { limit: 10 })).data).toHaveLength(1)
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from shots where workspace_id = ${scope.workspaceId} and generation_id is not null`.execute(db)
    expect(rows[0]?.n).toBe(20)
  })
})

describe('changing', () => {
  test('a planned campaign makes it a draft; an empty change does not', async () => {
    const { id } = await planned()
    expect((await campaigns.patch(scope, id, {})).status).toBe('planned')
    expect((await campaigns.patch(scope, id, { priority: 1 })).status).toBe('draft')
    expect((await campaigns.get(scope, id)).priority).toBe(1)
  })

  test('a rendering one allows what decides no file, and names the rest', async () => {
    const { id, digest } = await planned()
    await campaigns.launch(scope, id, { plan_digest: digest })
    expect(await pointersOf(campaigns.patch(scope, id, { models: ['sim/two'], priority: 2 }))).toEqual(['/models'])
    const changed = await campaigns.patch(scope, id, { priority: 2, on_uncertain: 'resubmit', metadata: {}, budget_micro_usd: 7 })
    expect(changed).toMatchObject({
      priority: 2,
      on_uncertain: 'resubmit',
      metadata: {},
      budget_micro_usd: 7,
      models: ['sim/one'],
    })
  })

  test('tells apart two readings, so that a lost update is seen', async () => {
    const { id, updated_at } = await create()
    expect((await campaigns.patch(scope, id, { priority: 1 })).updated_at).not.toBe(updated_at)
  })
})

describe('ending', () => {
  test('only what was never launched is deleted', async () => {
    const { id } = await planned()
    await campaigns.delete(scope, id)
    await expect(campaigns.get(scope, id)).rejects.toMatchObject({ code: 'not_found' })
    const launched = await planned()
    await campaigns.launch(scope, launched.id, { plan_digest: launched.digest })
    await expect(campaigns.delete(scope, launched.id)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a cancelled campaign is final', async () => {
    const { id, digest } = await planned()
    expect((await campaigns.cancel(scope, id)).status).toBe('cancelled')
    const calls = [
      () => campaigns.cancel(scope, id),
      () => campaigns.plan(scope, id),
      () => campaigns.launch(scope, id, { plan_digest: digest }),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'conflict' })
    expect(await eventsOf('campaign.cancelled')).toHaveLength(1)
  })

  test('with nothing to make completes at once', async () => {
    const { id, digest } = await planned({ prompts: [] })
    await campaigns.launch(scope, id, { plan_digest: digest })
    await core.settle()
    expect((await campaigns.get(scope, id)).status).toBe('completed')
    expect((await eventsOf('campaign.completed'))[0]?.payload.data).toMatchObject({
      campaign_id: id,
      spend: { spent_micro_usd: 0 },
    })
  })
})

test('lists are newest first and page without gaps', async () => {
  const made = []
  for (let i = 0; i < 5; i++) made.push((await create({ name: `c${i}` })).id)
  const first = await campaigns.list(scope, { limit: 3 })
  const second = await campaigns.list(scope, { limit: 3, cursor: first.next_cursor! })
  expect([...first.data, ...second.data].map((campaign) => campaign.id)).toEqual(made.toSorted().toReversed())
  expect([first.has_more, second.has_more, second.next_cursor]).toEqual([true, false, null])
  expect((await campaigns.list(scope, { limit: 3, status: 'rendering' })).data).toEqual([])
})

test('erasing a person ends their variants, and their links, everywhere', async () => {
  const { id, digest } = await planned({ segmentsPerPrompt: 2 })
  await campaigns.launch(scope, id, { plan_digest: digest })
  await core.settle()
  const { audience_id } = await campaigns.get(scope, id)
  await createErasure({ events: core.events })(scope, audience_id, 's0')
  const { data } = await core.variants.list(scope, { limit: 10, campaign_id: id })
  expect(data.map((variant) => [variant.status, variant.renditions[0]?.url === null])).toEqual([
    ['cancelled', true],
    ['ready', false],
  ])
  expect(JSON.stringify(data[0])).not.toContain('"s0"')
  expect(await eventsOf('variant.erased')).toHaveLength(1)
})
