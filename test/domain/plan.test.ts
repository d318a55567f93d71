import type { LayoutFinding } from '#src/contracts/composition.ts'
import type { PlanContext, ShotSpec } from '#src/domain/campaign/types.ts'
import { generationKey } from '#src/domain/expansion/shot.ts'
import type { PlanResult } from '#src/domain/plan/rules.ts'
import { ServiceError, Terminal } from '#src/errors.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { newId } from '#test/support/workspace.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ModelCard } from '#src/contracts/model-card.ts'
import { fakeCard } from '#test/support/fake-provider.ts'
import { createPlanFixture, csv, readPlan } from './plan-fixture.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

type Fixture = Awaited<ReturnType<typeof createPlanFixture>>

const resultOf = (plan: { result: unknown }) => plan.result as PlanResult
const statusOf = async (id: string) =>
  (await database.db.selectFrom('campaigns').select('status').where('id', '=', id).executeTakeFirstOrThrow()).status

const written = (campaignId: string) => ({
  variants: () =>
    database.db
      .selectFrom('variants')
      .select(['segment_key', 'locale', 'status', 'texts'])
      .where('campaign_id', '=', campaignId)
      .orderBy('position')
      .execute(),
  renditions: () => database.db.selectFrom('renditions').selectAll().where('campaign_id', '=', campaignId).execute(),
  shots: () => database.db.selectFrom('shots').selectAll().where('campaign_id', '=', campaignId).orderBy('shot_key').execute(),
})

/** As if another campaign had bought it. */
async function own({ scope }: Fixture, shot: { shot_key: string; spec: unknown }, status: string): Promise<string> {
  const id = newId('generation')
  const key = generationKey(shot.shot_key, 'test/video')
  await database.db
    .insertInto('generations')
    .values({
      id,
      workspace_id: scope.workspaceId,
      generation_key: key,
      shot_key: shot.shot_key,
      spec: shot.spec as {},
      model: 'test/video',
      status,
    })
    .execute()
  return id
}

describe('a plan', () => {
  it('counts variants, distinct clips and the money, and writes what it counted', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign()
    const plan = await fixture.planOf(campaign)
    expect(plan).toMatchObject({
      status: 'ready',
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      progress: { segments: 5, of: 5 },
    })
    expect(resultOf(plan)).toMatchObject({
      segments: { total: 5, valid: 3, invalid: 2 },
      variants: 3,
      renditions: 6,
      // Two prompts in two aspect ratios, whatever the number of segments.
      generations: { distinct: 4, new: 4, owned: 0, in_flight: 0 },
      cost: { max_micro_usd: 4 * 400_000, saved_by_reuse_micro_usd: 0, naive_micro_usd: 6 * 400_000 },
      findings: [],
    })
    expect(resultOf(plan).estimate.provider_seconds).toBe(4 * 30)
    expect(await statusOf(campaign.id)).toBe('planned')
    const { variants, renditions, shots } = written(campaign.id)
    expect((await variants()).map((v) => [v.segment_key, v.status, v.texts])).toEqual([
      [
        's1',
        'planned',
        { overlays: ['Hola Ana', 'From 4,50\u00a0€'], end_card: 'example/s1', images: [null, null], label: 'Creado con AI' },
      ],
      ['s2', 'planned', { overlays: ['Hi Bob', 'From €5'], end_card: 'example/s2', images: [null, null], label: 'Made with AI' }],
      [
        's3',
        'planned',
        { overlays: ['Hi you', 'From 6\u00a0€'], end_card: 'example/s3', images: [null, null], label: 'Mit AI erstellt' },
      ],
    ])
    const specs = (await shots()).map((shot) => shot.spec as unknown as ShotSpec)
    expect(new Set(specs.map((s) => `${s.prompt} ${s.aspect_ratio}`))).toEqual(
      new Set(['A cup in a kitchen 9:16', 'A cup in a kitchen 1:1', 'A cup in a train 9:16', 'A cup in a train 1:1']),
    )
    const rows = await renditions()
    expect(rows).toHaveLength(6)
    expect(rows.every((row) => row.status === 'waiting' && row.due_at.getTime() > Date.now() + 1e12)).toBe(true)
    const shotById = new Map((await shots()).map((shot) => [shot.id, shot.spec as unknown as ShotSpec]))
    for (const row of rows)
      expect(shotById.get(row.shot_ids[0]!)!.aspect_ratio).toBe(row.format === 'reels_9x16' ? '9:16' : '1:1')
  })

  it('shows the invalid segments with a pointer and words', async () => {
    const fixture = await createPlanFixture(database)
    const plan = await fixture.planOf(await fixture.campaign())
    const rows = await database.db
      .selectFrom('plan_invalid')
      .selectAll()
      .where('plan_id', '=', plan.id)
      .orderBy('position')
      .execute()
    expect(rows.map((row) => [row.segment_key, row.errors.map(({ pointer, code }) => [pointer, code])])).toEqual([
      ['s4', [['/attributes/scene', 'not_allowed']]],
      ['s5', [['/attributes/price', 'bad_number']]],
    ])
  })

  it('never sends a personal value into a prompt', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign()
    await fixture.planOf(campaign)
    const specs = JSON.stringify((await written(campaign.id).shots()).map((shot) => shot.spec))
    for (const secret of ['Ana', 'Bob', 's1', 's2']) expect(specs).not.toContain(secret)
  })

  it('counts clips that are owned or on their way, and another ownership is another digest', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign()
    const first = await fixture.planOf(campaign)
    const shots = await written(campaign.id).shots()
    await own(fixture, shots[0]!, 'ready')
    await own(fixture, shots[1]!, 'running')
    await own(fixture, shots[2]!, 'planned')
    await own(fixture, shots[3]!, 'failed')
    const second = await fixture.planOf(campaign)
    expect(resultOf(second)).toMatchObject({
      generations: { distinct: 4, new: 2, owned: 1, in_flight: 1 },
      cost: { max_micro_usd: 800_000, saved_by_reuse_micro_usd: 800_000 },
    })
    expect(second.digest).not.toBe(first.digest)
    expect((await fixture.planOf(campaign)).digest).toBe(second.digest)
    expect(resultOf(second).samples.flatMap((sample) => sample.generation_ids).length).toBeGreaterThan(0)
  })

  it('shares one clip between formats when framing is shared', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign({ template: { clip: { prompt: 'A {{ scene }}', seconds: 4, framing: 'shared' } } })
    expect(resultOf(await fixture.planOf(campaign)).generations.distinct).toBe(2)
  })

  it('tells of a price that nobody checked for a month, and of a model that ends within one', async () => {
    const dated: Record<string, Partial<ModelCard>> = {
      'test/video': { priceCheckedAt: '2026-10-01', sunsetAt: '2026-12-10' },
      'test/other': { priceCheckedAt: '2026-11-20', sunsetAt: '2027-02-01' },
    }
    const card = (id: string) => ({ ...fakeCard(id), ...dated[id] })
    const fixture = await createPlanFixture(database, { card })
    const campaign = await fixture.campaign({ settings: { models: ['test/video', 'test/other'] } })
    const { findings } = resultOf(await fixture.planOf(campaign))
    const told = findings.filter(({ code }) => ['price_stale', 'sunset_soon'].includes(code))
    expect(told.map(({ code, model }) => [code, model])).toEqual([
      ['price_stale', 'test/video'],
      ['sunset_soon', 'test/video'],
    ])
  })

  it('asks a model for the nearest it can make, and says so', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign({
      template: { clip: { prompt: 'A {{ scene }}', seconds: 5 }, formats: ['instream_16x9'] },
      settings: { models: ['test/short', 'test/video', 'test/other'], on_uncertain: 'resubmit' },
    })
    const { findings, cost } = resultOf(await fixture.planOf(campaign))
    expect(findings.map((f) => [f.code, f.model])).toEqual([
      ['clip_too_long', 'test/short'],
      ['aspect_ratio_changed', 'test/video'],
      ['seconds_changed', 'test/video'],
      ['aspect_ratio_changed', 'test/other'],
      ['seconds_changed', 'test/other'],
    ])
    // 8 s at either model, each billed once more by a resubmission, for two prompts.
    expect(cost.max_micro_usd).toBe(2 * 2 * (800_000 + 400_000))
  })

  it('tells how many segments do not fit, per format', async () => {
    const fixture = await createPlanFixture(database, {
      measure: (compositions) =>
        Promise.resolve(
          compositions.map((composition): LayoutFinding[] =>
            composition.format.id === 'square_1x1'
              ? [
                  { overlay: 0, code: 'text_shrunk', message: 'smaller' },
                  { overlay: 1, code: 'text_shrunk', message: 'smaller' },
                ]
              : [],
          ),
        ),
    })
    const { findings } = resultOf(await fixture.planOf(await fixture.campaign()))
    expect(findings).toEqual([
      { severity: 'warning', code: 'text_shrunk', message: 'smaller', format: 'square_1x1', segments: 3 },
    ])
  })

  it('is restarted from nothing after a worker died in the middle', async () => {
    let pages = 0
    const fixture = await createPlanFixture(database, {
      measure: () => (pages++ === 0 ? Promise.reject(new Error('the child died')) : Promise.resolve([])),
    })
    const campaign = await fixture.campaign()
    const planId = await fixture.requestPlan(campaign)
    await expect(fixture.runPlan(planId)).rejects.toThrow('the child died')
    expect(await statusOf(campaign.id)).toBe('planning')
    expect((await written(campaign.id).variants()).length).toBeGreaterThan(0)
    await fixture.runPlan(planId)
    expect(await written(campaign.id).variants()).toHaveLength(3)
    expect(await written(campaign.id).renditions()).toHaveLength(6)
    const counts = await database.db
      .selectFrom('campaign_counts')
      .selectAll()
      .where('campaign_id', '=', campaign.id)
      .where('count', '<>', 0)
      .execute()
    expect(counts).toEqual(expect.arrayContaining([expect.objectContaining({ entity: 'variants', status: 'planned', count: 3 })]))
  })

  it('replaces what an earlier plan of the campaign wrote', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign()
    await fixture.planOf(campaign)
    await fixture.planOf(campaign)
    expect(await written(campaign.id).variants()).toHaveLength(3)
    expect(await written(campaign.id).shots()).toHaveLength(4)
  })

  it('writes nothing for a campaign that was changed meanwhile', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign()
    const planId = await fixture.requestPlan(campaign)
    await database.db.updateTable('campaigns').set({ status: 'draft' }).where('id', '=', campaign.id).execute()
    expect(await fixture.runPlan(planId)).toEqual({ status: 'superseded' })
    expect(await written(campaign.id).variants()).toEqual([])
    expect((await readPlan(database.db, planId)).status).toBe('superseded')
  })

  it('stays as it is when the audience changes after it was asked for', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign()
    const { Readable } = await import('node:stream')
    await fixture.audiences.importSegments(fixture.scope, campaign.audienceId, {
      format: 'csv',
      mode: 'replace',
      body: Readable.from([Buffer.from('key,scene,price\nnew,train,1\n')]),
    })
    expect(resultOf(await fixture.planOf(campaign)).segments.total).toBe(5)
  })

  it('leaves out a segment that is erased while it is planned', async () => {
    let erased = false
    const fixture: Fixture = await createPlanFixture(database, {
      measure: async () => {
        if (!erased) await fixture.audiences.eraseSegment(fixture.scope, campaign.audienceId, 's3')
        erased = true
        return []
      },
    })
    const campaign = await fixture.campaign()
    await fixture.planOf(campaign)
    expect(erased).toBe(true)
    const kept = (await written(campaign.id).variants()).filter(({ status }) => status !== 'cancelled')
    expect(kept.map((v) => v.segment_key)).toEqual(['s1', 's2'])
    expect(JSON.stringify(await written(campaign.id).variants())).not.toContain('s3')
  })

  it('takes the segments that the filter names', async () => {
    const fixture = await createPlanFixture(database)
    const keys = async (segment_filter: object) => {
      const campaign = await fixture.campaign({ settings: { segment_filter } })
      await fixture.planOf(campaign)
      return (await written(campaign.id).variants()).map((v) => v.segment_key)
    }
    expect(await keys({ locale: ['es'] })).toEqual(['s1'])
    expect(await keys({ locale: ['en', 'de'] })).toEqual(['s2', 's3'])
    expect(await keys({ keys: ['s1', 's3', 'nobody'] })).toEqual(['s1', 's3'])
    expect(await keys({ attributes: { scene: ['kitchen'], price: [4.5] } })).toEqual(['s1'])
  })
})

describe('a plan fails with words', () => {
  it.each([
    ['a filter that matches nothing', { settings: { segment_filter: { locale: ['ja'] } } }, 'filter_matches_nothing', '"ja"'],
    ['invalid segments that must not be', { settings: { on_invalid: 'fail' as const } }, 'invalid_segments', '2 of 5'],
    ['too many clips', { settings: { max_generations: 3 } }, 'cap_exceeded', '4 generations are 1 more'],
    ['too many files', { settings: { max_renditions: 2 } }, 'cap_exceeded', '6 renditions are 4 more'],
    ['a model that ended', { settings: { models: ['test/gone'] } }, 'no_model', 'ended on 2026-01-01'],
    ['a model that nobody knows', { settings: { models: ['x/y'] } }, 'unknown_model', 'x/y'],
    ['a clip that no model makes', { settings: { models: ['test/short'] } }, 'no_model', 'no clip of 4 s'],
    ['rehearsals mixed with paid clips', { settings: { models: ['test/video', 'test/draft'] } }, 'models_mixed', 'test/draft'],
    ['a format that is gone', { settings: { formats: ['gone'] } }, 'format_unusable', 'gone'],
  ])('%s', async (_name, more, code, message) => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign(more)
    const plan = await fixture.planOf({ ...campaign, launch: true })
    expect(plan).toMatchObject({
      status: 'failed',
      error: { code, message: expect.stringContaining(message) },
      lease_token: null,
    })
    expect(await statusOf(campaign.id)).toBe('plan_failed')
    expect(await written(campaign.id).variants()).toEqual([])
    expect(await written(campaign.id).shots()).toEqual([])
    expect(fixture.launched).toEqual([])
    const event = await database.db.selectFrom('events').select(['type', 'body']).where('campaign_id', '=', campaign.id).execute()
    expect(event).toEqual([{ type: 'campaign.planned', body: expect.stringContaining(code) }])
  })

  it('when every segment is invalid', async () => {
    const fixture = await createPlanFixture(database)
    const audienceId = await fixture.audience('key\na\nb\n')
    const plan = await fixture.planOf(await fixture.campaign({ audienceId }))
    expect(plan).toMatchObject({
      status: 'failed',
      error: { code: 'no_valid_segments' },
      result: { segments: { total: 2, valid: 0, invalid: 2 } },
    })
  })

  it('when the worker gives up', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign()
    const planId = await fixture.requestPlan(campaign)
    const claim = (await fixture.workItems.claim('plan', planId))!
    await fixture.planner.giveUp(claim.row, claim.lease, new Terminal('too_many_starts', 'given up'))
    expect(await readPlan(database.db, planId)).toMatchObject({ status: 'failed', error: { code: 'too_many_starts' } })
    expect(await statusOf(campaign.id)).toBe('plan_failed')
  })
})

describe('launching what was planned', () => {
  it('happens in the same transaction when it was asked for', async () => {
    const fixture = await createPlanFixture(database)
    const campaign = await fixture.campaign({ launch: true })
    await fixture.planOf(campaign)
    expect(fixture.launched).toEqual([campaign.id])
  })

  it('keeps the plan when the launch is refused', async () => {
    const fixture = await createPlanFixture(database, {
      launchPlanned: () => Promise.reject(new ServiceError('conflict', 'No room.')),
    })
    const campaign = await fixture.campaign({ launch: true })
    const plan = await fixture.planOf(campaign)
    expect(plan).toMatchObject({ status: 'ready', error: { code: 'conflict', message: expect.stringContaining('No room.') } })
    expect(await statusOf(campaign.id)).toBe('planned')
  })
})

describe('images that segments name', () => {
  it('are copied into the plan; one that does not exist makes its segment invalid', async () => {
    const fixture = await createPlanFixture(database)
    const { workspaceId } = fixture.scope
    const [fileId, mediaId] = [newId('file'), newId('media')]
    const file = {
      id: fileId,
      workspace_id: workspaceId,
      object_key: fileId,
      kind: 'media' as const,
      media_type: 'image/png',
      file_name: 'a.png',
      bytes: 1,
      sha256: 'a'.repeat(64),
    }
    await database.db.insertInto('files').values(file).execute()
    await database.db
      .insertInto('media')
      .values({ id: mediaId, workspace_id: workspaceId, file_id: fileId, kind: 'image', name: 'a' })
      .execute()
    const audienceId = await fixture.audience(
      `key,scene,price,shot\ngood,train,1,${mediaId}\nbad,train,1,med_nowhere\nlink,train,1,https://x/y.png\n`,
    )
    const campaign = await fixture.campaign({
      audienceId,
      template: {
        variables: [
          { name: 'scene', type: 'enum', values: ['train'], use: ['prompt'] },
          { name: 'shot', type: 'image' },
        ],
        overlays: [{ kind: 'image', variable: 'shot' }],
      },
    })
    const plan = await fixture.planOf(campaign)
    expect(resultOf(plan).segments).toEqual({ total: 3, valid: 1, invalid: 2 })
    expect((plan.context as unknown as PlanContext).media[mediaId]).toMatchObject({ sha256: 'a'.repeat(64), object_key: fileId })
    expect(fixture.measured[0]!.overlays[0]).toMatchObject({ kind: 'image', image: 'a'.repeat(64) })
  })
})

it('plans several thousand segments in pages', async () => {
  const fixture = await createPlanFixture(database, { pageSize: 1000 })
  const audienceId = await fixture.audience(
    csv.split('\n')[0] +
      '\n' +
      Array.from({ length: 4321 }, (_, i) => `k${i},en,N${i},${i % 2 ? 'train' : 'kitchen'},${i}\n`).join(''),
  )
  const campaign = await fixture.campaign({ audienceId, settings: { max_renditions: 10_000 } })
  expect(resultOf(await fixture.planOf(campaign))).toMatchObject({
    variants: 4321,
    renditions: 8642,
    generations: { distinct: 4 },
  })
})
