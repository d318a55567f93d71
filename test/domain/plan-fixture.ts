/** A workspace with a template, an audience and a campaign that waits for its plan. */
import type { Composition, LayoutFinding } from '#src/contracts/composition.ts'
import type { ModelCard } from '#src/contracts/model-card.ts'
import type { Db } from '#src/database/client.ts'
import type { PlanRow } from '#src/database/plans.ts'
import { createAudiences } from '#src/domain/audience/service.ts'
import type { CampaignSettings } from '#src/domain/campaign/types.ts'
import { createEvents } from '#src/domain/events/service.ts'
import { createFormats } from '#src/domain/format/service.ts'
import { createPlanner } from '#src/domain/plan/service.ts'
import type { PlannerDependencies } from '#src/domain/plan/ports.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createTemplates } from '#src/domain/template/service.ts'
import { createErasure } from '#src/domain/variant/service-erase.ts'
import { createWorkItems } from '#src/queue/work-items.ts'
import type { TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { Readable } from 'node:stream'

export const paidCard: ModelCard = {
  id: 'test/video',
  durations: { values: [4, 8] },
  aspectRatios: ['9:16', '1:1'],
  resolutions: ['1080p'],
  audio: 'never',
  accepts: [],
  maxCostMicroUsd: (clip) => clip.seconds * 100_000,
  priceCheckedAt: '2026-11-01',
  priceMicroUsdPerSecond: { '1080p': 100_000 },
  recovery: { kind: 'none' },
  chargedOnRefusal: 'no',
  resultTtlSeconds: 3600,
  maxInFlight: 1,
  submitsPerMinute: 1,
  typicalSeconds: 30,
}

export const cards = new Map<string, ModelCard>([
  ['test/video', paidCard],
  ['test/other', { ...paidCard, id: 'test/other', maxCostMicroUsd: (clip) => clip.seconds * 50_000 }],
  ['test/short', { ...paidCard, id: 'test/short', durations: { min: 1, max: 2 } }],
  ['test/gone', { ...paidCard, id: 'test/gone', sunsetAt: '2026-01-01' }],
  ['test/draft', { ...paidCard, id: 'test/draft', draft: true, maxCostMicroUsd: () => 0 }],
])

export const template = {
  name: 'Coffee',
  variables: [
    { name: 'first_name', type: 'string', max_length: 24, personal: true, default: 'you' },
    { name: 'scene', type: 'enum', values: ['kitchen', 'train'], use: ['prompt'] },
    { name: 'price', type: 'number' },
  ],
  clip: { prompt: 'A cup in a {{ scene }}', seconds: 4 },
  overlays: [
    { kind: 'text', text: { default: 'Hi {{ first_name }}', es: 'Hola {{ first_name }}' } },
    { kind: 'button', text: 'From {{ price | money: "EUR" }}' },
  ],
  end_card: { seconds: 1, text: 'example/{{ segment.key }}' },
  formats: ['reels_9x16', 'square_1x1'],
}

export const csv = `key,locale,first_name,scene,price
s1,es-ES,Ana,kitchen,4.5
s2,en,Bob,train,5
s3,de,,kitchen,6
s4,en,Eve,garden,7
s5,en,Max,train,cheap
`

export async function createPlanFixture(database: TestDatabase, overrides: Partial<PlannerDependencies> = {}) {
  const { db, pool } = database
  const scope: Scope = await createTestWorkspace(db)
  const formats = createFormats()
  const templates = createTemplates({ ids: newId, formats })
  const now = () => Date.UTC(2026, 10, 22)
  const audiences = createAudiences({
    pool,
    ids: newId,
    templates,
    eraseVariants: createErasure({ events: createEvents({ ids: newId, now }) }),
  })
  const launched: string[] = []
  const measured: Composition[] = []
  const planner = createPlanner({
    db,
    pool,
    ids: newId,
    now,
    formats,
    card: (id) => cards.get(id),
    measure: (compositions) => {
      measured.push(...compositions)
      return Promise.resolve(compositions.map((): LayoutFinding[] => []))
    },
    withAssets: (media, use) => use(Object.fromEntries(media.map(({ sha256 }) => [sha256, `/nowhere/${sha256}`]))),
    events: createEvents({ ids: newId, now }),
    launchPlanned: (_db, campaign) => Promise.resolve(launched.push(campaign.id)),
    pageSize: 2,
    ...overrides,
  })
  let tokens = 0
  const workItems = createWorkItems({ db, newToken: () => `token-${scope.workspaceId}-${tokens++}` })

  async function audience(text = csv): Promise<string> {
    const { id } = await audiences.create(scope, { name: 'A', metadata: {} })
    await audiences.importSegments(scope, id, { format: 'csv', mode: 'replace', body: Readable.from([Buffer.from(text)]) })
    return id
  }

  async function campaign(
    more: {
      settings?: Partial<CampaignSettings>
      template?: object
      audienceId?: string
      launch?: boolean
      budget?: number
    } = {},
  ) {
    const made = await templates.create(scope, { template: { ...template, ...more.template }, metadata: {} })
    const id = newId('campaign')
    const settings: CampaignSettings = {
      segment_filter: null,
      on_invalid: 'skip',
      formats: made.template.formats,
      models: ['test/video'],
      max_generations: 100,
      max_renditions: 1000,
      review: 'none',
      on_uncertain: 'hold',
      ...more.settings,
    }
    const audienceId = more.audienceId ?? (await audience())
    const { revision } = await audiences.get(scope, audienceId)
    await db
      .insertInto('campaigns')
      .values({
        id,
        workspace_id: scope.workspaceId,
        name: 'C',
        template_id: made.id,
        template_version: 1,
        audience_id: audienceId,
        audience_revision: revision,
        settings: { ...settings },
        budget_micro_usd: more.budget ?? null,
      })
      .execute()
    return { id, audienceId, launch: more.launch ?? false }
  }

  /** As the service of campaigns asks for a plan. */
  async function requestPlan({ id, launch }: { id: string; launch: boolean }): Promise<string> {
    const { plan_revision } = await db
      .updateTable('campaigns')
      .set((eb) => ({ status: 'planning', launch_on_planned: launch, plan_revision: eb('plan_revision', '+', 1) }))
      .where('id', '=', id)
      .returning('plan_revision')
      .executeTakeFirstOrThrow()
    const planId = newId('plan')
    await db
      .insertInto('plans')
      .values({ id: planId, workspace_id: scope.workspaceId, campaign_id: id, revision: plan_revision })
      .execute()
    return planId
  }

  async function runPlan(planId: string, signal = AbortSignal.timeout(60_000)) {
    const claim = await workItems.claim('plan', planId)
    if (!claim) throw new Error('the plan cannot be claimed')
    try {
      return await planner.run(claim.row, claim.lease, AbortSignal.any([signal, claim.lease.signal]))
    } finally {
      await workItems.release(claim.lease)
    }
  }

  const planOf = async (campaign: { id: string; launch: boolean }): Promise<PlanRow> => {
    const planId = await requestPlan(campaign)
    await runPlan(planId)
    return await readPlan(db, planId)
  }
  return {
    scope,
    planner,
    workItems,
    audiences,
    templates,
    formats,
    audience,
    campaign,
    requestPlan,
    runPlan,
    planOf,
    launched,
    measured,
  }
}

export const readPlan = (db: Db, id: string): Promise<PlanRow> =>
  db.selectFrom('plans').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
