/** A campaign as the planner leaves it, written straight into the tables. */
import type { CampaignSettings, PlanContext, ShotSpec } from '#src/domain/campaign/types.ts'
import { shotKey } from '#src/domain/expansion/shot.ts'
import { builtInFormats } from '#src/domain/format/rules.ts'
import { checkTemplate } from '#src/domain/template/rules.ts'
import type { Db } from '#src/database/client.ts'
import { newId } from './workspace.ts'

export interface PlannedOptions {
  readonly workspaceId: string
  readonly models?: readonly string[]
  readonly formats?: readonly string[]
  /** One distinct clip each. */
  readonly prompts?: readonly string[]
  readonly segmentsPerPrompt?: number
  readonly budget?: number | null
  readonly priority?: number
  readonly settings?: Partial<CampaignSettings>
}

const digest = 'sha256:planned'

export async function addPlannedCampaign(db: Db, options: PlannedOptions): Promise<{ id: string; digest: string }> {
  const { workspaceId, models = ['sim/one'], formats = ['reels_9x16'], prompts = ['a cup'], segmentsPerPrompt = 1 } = options
  const input = {
    name: 'Cups',
    clip: { prompt: 'unused here', seconds: 6, resolution: '180p' },
    overlays: [{ kind: 'text', text: 'Hello' }],
    formats: [...formats],
  }
  const checked = checkTemplate(input, { formats: builtInFormats })
  if ('errors' in checked) throw new Error(JSON.stringify(checked.errors))
  const [templateId, audienceId, id] = [newId('template'), newId('audience'), newId('campaign')]
  await db.insertInto('templates').values({ id: templateId, workspace_id: workspaceId, name: 't' }).execute()
  await db
    .insertInto('template_versions')
    .values({ template_id: templateId, version: 1, workspace_id: workspaceId, spec: checked.template })
    .execute()
  await db.insertInto('audiences').values({ id: audienceId, workspace_id: workspaceId, name: 'a', revision: 1 }).execute()
  const settings: CampaignSettings = {
    segment_filter: null,
    on_invalid: 'skip',
    max_generations: 100,
    max_renditions: 50_000,
    review: 'none',
    on_uncertain: 'hold',
    formats,
    models,
    ...options.settings,
  }
  await db
    .insertInto('campaigns')
    .values({
      id,
      workspace_id: workspaceId,
      name: 'Autumn',
      status: 'planned',
      template_id: templateId,
      template_version: 1,
      audience_id: audienceId,
      audience_revision: 1,
      settings: { ...settings },
      priority: options.priority ?? 5,
      budget_micro_usd: options.budget ?? null,
      plan_revision: 1,
      metadata: { flight: 'ES-Q4' },
    })
    .execute()
  const context: PlanContext = {
    template: checked.template,
    formats: Object.fromEntries(formats.map((format) => [format, builtInFormats.get(format)!])),
    media: {},
    models,
    aspects: Object.fromEntries(formats.map((format) => [format, '9:16'])),
  }
  await db
    .insertInto('plans')
    .values({
      id: newId('plan'),
      workspace_id: workspaceId,
      campaign_id: id,
      revision: 1,
      status: 'ready',
      digest,
      context: JSON.parse(JSON.stringify(context)),
      result: { generations: { owned: 0 } },
    })
    .execute()
  for (const [i, prompt] of prompts.entries())
    await addShot(db, { workspaceId, id, prompt, formats, from: i * segmentsPerPrompt, count: segmentsPerPrompt })
  return { id, digest }
}

interface ShotOptions {
  readonly workspaceId: string
  readonly id: string
  readonly prompt: string
  readonly formats: readonly string[]
  readonly from: number
  readonly count: number
}

async function addShot(db: Db, { workspaceId, id, prompt, formats, from, count }: ShotOptions): Promise<void> {
  const spec: ShotSpec = {
    prompt,
    seconds: 6,
    aspect_ratio: '9:16',
    resolution: '180p',
    audio: false,
    reference_sha256: null,
    seed: null,
    take: 1,
  }
  const shot = { id: newId('shot'), workspace_id: workspaceId, campaign_id: id, shot_key: shotKey(spec), spec: { ...spec } }
  await db.insertInto('shots').values(shot).execute()
  const common = { workspace_id: workspaceId, campaign_id: id }
  const variants = Array.from({ length: count }, (_, i) => ({
    ...common,
    id: newId('variant'),
    segment_key: `s${from + i}`,
    locale: 'en',
    position: from + i,
    plan_revision: 1,
    texts: { overlays: [`Hello s${from + i}`], end_card: null, images: [null], label: 'Made with AI' },
  }))
  await db.insertInto('variants').values(variants).execute()
  const renditions = variants.flatMap((variant) =>
    formats.map((format) => ({ ...common, id: newId('rendition'), variant_id: variant.id, format, shot_ids: [shot.id] })),
  )
  await db.insertInto('renditions').values(renditions).execute()
}
