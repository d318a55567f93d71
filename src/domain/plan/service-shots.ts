/** The shots of a plan: one per distinct prompt and aspect ratio, made when they are first met. */
import type { Json } from '#src/contracts/json.ts'
import type { Db } from '#src/database/client.ts'
import { ensureShots } from '#src/database/plans.ts'
import { shotKey, shotOf } from '../expansion/shot.ts'
import type { NewId } from '../ids.ts'
import { shotCost } from './rules.ts'
import type { PlanBasis } from './service-context.ts'

export interface KnownShot {
  readonly id: string
  readonly key: string
  readonly aspect: string
  readonly onceMicroUsd: number
}

/** Distinct prompts are few in an honest campaign; more than these are looked up again. */
const maxKnownPrompts = 50_000

export function createShots(ids: NewId, { campaign, settings, context, aspects }: PlanBasis) {
  const known = new Map<string, readonly KnownShot[]>()

  const wantedFor = (prompt: string) =>
    [...aspects].map(([aspect, choices]) => {
      const spec = shotOf(context, prompt, aspect)
      return { prompt, aspect, spec, key: shotKey(spec), onceMicroUsd: shotCost(spec, choices, settings.on_uncertain).once }
    })

  /** Makes the shots of the prompts that are new. In the transaction of the page that wants them. */
  async function ensure(db: Db, prompts: readonly string[]): Promise<void> {
    const distinct = new Set(prompts)
    if (known.size + distinct.size > maxKnownPrompts) known.clear()
    const wanted = [...distinct].filter((prompt) => !known.has(prompt)).flatMap(wantedFor)
    const made = wanted.map(({ key, spec }) => ({ id: ids('shot'), shot_key: key, spec: { ...spec } as Json, model_index: 0 }))
    const rows = await ensureShots(db, { workspaceId: campaign.workspace_id, campaignId: campaign.id }, made)
    const idOf = new Map(rows.map((row) => [row.shot_key, row.id]))
    for (const [prompt, shots] of Map.groupBy(wanted, (shot) => shot.prompt)) {
      known.set(
        prompt,
        shots.map(({ key, aspect, onceMicroUsd }) => ({ id: idOf.get(key)!, key, aspect, onceMicroUsd })),
      )
    }
  }

  /** Of a prompt of the page that was ensured last. */
  const all = (prompt: string): readonly KnownShot[] => known.get(prompt)!
  const of = (prompt: string, aspect: string): KnownShot => all(prompt).find((shot) => shot.aspect === aspect)!

  return { ensure, all, of }
}
