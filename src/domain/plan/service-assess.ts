/** What the shots of a plan cost, and which clips exist already. Read page by page, in the order of the keys. */
import { createHash } from 'node:crypto'
import type { Db } from '#src/database/client.ts'
import { liveGenerations, shotPage } from '#src/database/plans.ts'
import type { ShotSpec } from '../campaign/types.ts'
import { generationKey } from '../expansion/shot.ts'
import { liveStatuses } from '../generation/rules.ts'
import { shotCost, usualProviderSeconds, type PlanResult, type Sample } from './rules.ts'
import type { PlanBasis } from './service-context.ts'
import type { PendingSample } from './tally.ts'

export interface Assessment {
  readonly generations: PlanResult['generations']
  readonly maxMicroUsd: number
  readonly savedMicroUsd: number
  readonly providerSeconds: number
  /** Over every shot and what was found for it: another ownership is another plan. */
  readonly ownership: string
}

const pageSize = 2000

/** A clip that is not submitted yet may still be bought by this campaign, so it counts as new. */
const stateOf = (status: string | undefined): 'new' | 'owned' | 'in_flight' => {
  if (status === undefined || status === 'planned') return 'new'
  return status === 'ready' ? 'owned' : 'in_flight'
}

export async function assess(db: Db, { campaign, settings, aspects }: PlanBasis): Promise<Assessment> {
  const counts = { distinct: 0, new: 0, owned: 0, in_flight: 0 }
  let [maxMicroUsd, savedMicroUsd, providerSeconds] = [0, 0, 0]
  const ownership = createHash('sha256')
  const model = settings.models[0] ?? ''
  for (let after = '', more = true; more;) {
    const shots = await shotPage(db, campaign.id, { after, limit: pageSize })
    const keys = shots.map((shot) => generationKey(shot.shot_key, model))
    const live = await liveGenerations(db, campaign.workspace_id, keys, liveStatuses)
    const found = new Map(live.map((generation) => [generation.generation_key, generation.status]))
    for (const [i, shot] of shots.entries()) {
      const spec = shot.spec as unknown as ShotSpec
      const choices = aspects.get(spec.aspect_ratio) ?? []
      const cost = shotCost(spec, choices, settings.on_uncertain)
      const state = stateOf(found.get(keys[i]!))
      counts.distinct += 1
      counts[state] += 1
      ownership.update(`${shot.shot_key} ${state}\n`)
      if (state === 'new') {
        maxMicroUsd += cost.max
        providerSeconds += choices[0]?.card.typicalSeconds ?? usualProviderSeconds
      } else savedMicroUsd += cost.once
    }
    after = shots.at(-1)?.shot_key ?? ''
    more = shots.length === pageSize
  }
  return { generations: counts, maxMicroUsd, savedMicroUsd, providerSeconds, ownership: ownership.digest('hex') }
}

/** The samples as they are shown: with the clips that exist for them. */
export async function samplesOf(db: Db, { campaign, settings }: PlanBasis, pending: readonly PendingSample[]): Promise<Sample[]> {
  const keyOf = (shot: string) => generationKey(shot, settings.models[0] ?? '')
  const keys = pending.flatMap((sample) => sample.shot_keys.map(keyOf))
  const live = new Map(
    (await liveGenerations(db, campaign.workspace_id, keys, liveStatuses)).map((g) => [g.generation_key, g.id]),
  )
  return pending.map(({ shot_keys, ...sample }) => ({
    ...sample,
    generation_ids: shot_keys.flatMap((shot) => live.get(keyOf(shot)) ?? []),
  }))
}
