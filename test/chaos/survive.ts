/** One campaign under one disturbance, and what became of it. */
import { type CampaignOptions, launch, untilCampaign } from './campaign.ts'
import type { Stage } from './stage.ts'

const minute = 60_000
const completed = ({ status }: { status: string }) => status === 'completed'

export interface Outcome {
  readonly ready: number
  readonly failed: number
  readonly uncertain: number
  /** Jobs that the vendor made, and bills. */
  readonly bought: number
}

export async function survive(stage: Stage, options: CampaignOptions, disturb: () => Promise<unknown>): Promise<Outcome> {
  const before = stage.simulator.jobs.all().length
  const id = await launch(stage, options)
  await Promise.all([disturb(), untilCampaign(stage, id, completed, 40 * minute)])
  const { counts } = await untilCampaign(stage, id, completed, minute)
  const bought = stage.simulator.jobs.all().length - before
  return { ready: counts.variants['ready'] ?? 0, failed: counts.variants['failed'] ?? 0, uncertain: counts.uncertain, bought }
}

/** Every variant is there, and every clip was bought once. */
export const unharmed = ({ variants, clips }: CampaignOptions): Outcome => ({
  ready: variants,
  failed: 0,
  uncertain: 0,
  bought: clips,
})
