/**
 * Which generation a shot gets: the live one of its key, or a new one; and where its shots go when it has failed.
 * Everything here belongs into the caller's transaction.
 */
import type { Db } from '#src/database/client.ts'
import {
  dependentShots,
  type GenerationRow,
  insertGenerations,
  pointShots,
  shareLive,
  strandShots,
} from '#src/database/generations.ts'
import { Retryable } from '#src/errors.ts'
import { nudge } from '#src/queue/top-up.ts'
import type { ShotSpec } from '../campaign/types.ts'
import { generationKey } from '../expansion/shot.ts'
import type { NewId } from '../ids.ts'
import { liveStatuses } from './rules.ts'

export interface Want {
  readonly shotId: string
  readonly shotKey: string
  readonly spec: ShotSpec
  /** The campaign's models, in order. */
  readonly models: readonly string[]
  /** The first of them that may be asked. */
  readonly from: number
}

/** A want with its model. */
interface Choice extends Pick<Want, 'shotId' | 'shotKey' | 'spec'> {
  readonly model: string
  readonly modelIndex: number
}

export interface AttachDependencies {
  readonly ids: NewId
  /** Why a model cannot make a shot now; undefined when it can. */
  readonly refusal: (model: string, spec: ShotSpec) => { readonly code: string; readonly message: string } | undefined
}

/** A key's live generation can fail between the insert that met it and the look that locks it; more often than this is a fault. */
const rounds = 5

export function createAttach({ ids, refusal }: AttachDependencies) {
  const rowOf = (workspaceId: string, want: Choice) => ({
    id: ids('generation'),
    workspace_id: workspaceId,
    generation_key: generationKey(want.shotKey, want.model),
    shot_key: want.shotKey,
    spec: { ...want.spec },
    model: want.model,
    status: 'planned',
  })

  /** The first model from there on that can make the shot. */
  function usable({ models, from, spec }: Want): number | undefined {
    const index = models.findIndex((model, i) => i >= from && !refusal(model, spec))
    return index === -1 ? undefined : index
  }

  const firstKey = (want: Want) => generationKey(want.shotKey, want.models[want.from]!)

  /** A clip that exists serves even if its model has ended. Where no model can, the first is asked all the same: it fails and says why. */
  function choose(want: Want, made: ReadonlySet<string>): Choice {
    const modelIndex = made.has(firstKey(want)) ? want.from : (usable(want) ?? want.from)
    return { shotId: want.shotId, shotKey: want.shotKey, spec: want.spec, model: want.models[modelIndex]!, modelIndex }
  }

  /** Inserts what no live generation exists for, and points the shots at what is live. @returns those that are still without */
  async function attachOnce(db: Db, workspaceId: string, wants: readonly Choice[]): Promise<Choice[]> {
    // In the order of the keys, so that two campaigns that want the same clips do not wait for each other.
    const rows = wants.map((want) => rowOf(workspaceId, want)).toSorted((a, b) => (a.generation_key < b.generation_key ? -1 : 1))
    await insertGenerations(db, rows)
    const live = await shareLive(
      db,
      workspaceId,
      rows.map((row) => row.generation_key),
      liveStatuses,
    )
    const byKey = new Map(live.map((row) => [row.generation_key, row.id]))
    const target = (want: Choice) => byKey.get(generationKey(want.shotKey, want.model))
    await pointShots(
      db,
      wants.flatMap((want) => {
        const generationId = target(want)
        return generationId === undefined ? [] : [{ id: want.shotId, generationId, modelIndex: want.modelIndex }]
      }),
    )
    return wants.filter((want) => target(want) === undefined)
  }

  /** Buys nothing: new generations are `planned`, and are submitted when a campaign that wants them runs. */
  async function attach(db: Db, workspaceId: string, wants: readonly Want[]): Promise<void> {
    if (wants.length === 0) return
    const ready = await shareLive(db, workspaceId, wants.map(firstKey), ['ready'])
    const made = new Set(ready.map((row) => row.generation_key))
    let open: Choice[] = wants.map((want) => choose(want, made))
    for (let round = 0; round < rounds && open.length > 0; round++) open = await attachOnce(db, workspaceId, open)
    if (open.length > 0) throw new Retryable('Generations of the same clips keep failing at this moment.')
    await nudge(db, 'generate')
  }

  /** After a verified failure: each shot goes to its campaign's next model, or is stranded and its variants fail. */
  async function moveOn(
    db: Db,
    generation: Pick<GenerationRow, 'id' | 'workspace_id'>,
    error: { code: string; message: string },
  ): Promise<void> {
    const wants = (await dependentShots(db, generation.id)).map((shot) => wantOf(shot, shot.models, shot.model_index + 1))
    const movable = wants.filter((want) => usable(want) !== undefined)
    await attach(db, generation.workspace_id, movable)
    const stranded = wants.filter((want) => !movable.includes(want)).map((want) => want.shotId)
    await strandShots(db, stranded, { code: error.code, message: error.message })
  }

  return { attach, moveOn }
}

export type Attach = ReturnType<typeof createAttach>

/** @param from the first of the models that may be asked */
export const wantOf = (
  shot: { readonly id: string; readonly shot_key: string; readonly spec: unknown },
  models: readonly string[],
  from = 0,
): Want => ({ shotId: shot.id, shotKey: shot.shot_key, spec: shot.spec as ShotSpec, models, from })
