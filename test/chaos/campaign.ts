/** A campaign for chaos runs: small pictures, as many distinct clips as asked for. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Stage } from './stage.ts'

export interface CampaignShape {
  readonly id: string
  readonly status: string
  readonly pause_reasons: readonly string[]
  readonly counts: {
    readonly variants: Readonly<Record<string, number>>
    readonly renditions: Readonly<Record<string, number>>
    readonly uncertain: number
  }
}

export interface CampaignOptions {
  readonly name: string
  readonly variants: number
  readonly clips: number
  readonly model?: string
  readonly budget?: number
}

const template = {
  name: 'Small',
  variables: [
    { name: 'first_name', type: 'string', max_length: 24, personal: true, use: ['overlay'] },
    { name: 'take', type: 'number', use: ['prompt'] },
    { name: 'run', type: 'number', use: ['prompt'] },
  ],
  clip: { prompt: 'Cup {{ take }} of run {{ run }}', seconds: 1, resolution: '180p', audio: 'none' },
  overlays: [{ kind: 'text', text: 'Hi {{ first_name }}', style: 'headline', anchor: 'top', from: 0, to: 1 }],
  formats: ['small_9x16'],
}

let runs = 0

export async function launch({ fleet }: Stage, options: CampaignOptions): Promise<string> {
  const { name, variants, clips, model = 'sim/wan-3.0', budget } = options
  const run = ++runs
  const segments = Array.from({ length: variants }, (_, i) => ({
    key: `s${i}`,
    locale: 'en',
    attributes: { first_name: `N${i}`, take: i % clips, run },
  }))
  const input = {
    name,
    template,
    segments,
    models: [model],
    launch: true,
    ...(budget !== undefined && { budget_micro_usd: budget }),
  }
  const created = await fleet.call<CampaignShape>('POST', '/v1/campaigns', input)
  if (created.status !== 201) throw new Error(JSON.stringify(created.body))
  return created.body.id
}

export const campaignOf = async ({ fleet }: Stage, id: string): Promise<CampaignShape> =>
  (await fleet.call<CampaignShape>('GET', `/v1/campaigns/${id}`)).body

/** Asks until it holds; the deadline only bounds a run that would never end. */
export async function untilCampaign(
  stage: Stage,
  id: string,
  holds: (campaign: CampaignShape) => boolean,
  withinMs: number,
): Promise<CampaignShape> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const campaign = await campaignOf(stage, id)
    if (holds(campaign)) return campaign
    if (performance.now() > deadline)
      throw new Error(`Not within ${withinMs} ms; last seen ${JSON.stringify(campaign)}; logs in ${stage.dir}`)
    await delay(250)
  }
}
