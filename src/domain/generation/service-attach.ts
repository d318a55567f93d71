/**
 * Which generation a shot gets: the live one of its key, or a new one; and where its shots go when it has failed.
 * Everything here belongs into the caller's transaction.
 */
import type { Db } from '#src/database/client.ts'
import {
  dependentShots,
  type DependentShot,
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
  readonly model: string
  /** Which of the campaign's models that is. */
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
  const rowOf = (workspaceId: string, want: Want) => ({
    id: ids('generation'),
    workspace_id: workspaceId,
    generation_key: generationKey(want.shotKey, want.model),
    shot_key: want.shotKey,
    spec: { ...want.spec },
    model: want.model,
    status: 'planned',
  })

  /** Inserts what no live generation exists for, and points the shots at what is live. @returns those that are still without */
  async function attachOnce(db: Db, workspaceId: string, wants: readonly Want[]): Promise<Want[]> {
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
    const target = (want: Want) => byKey.get(generationKey(want.shotKey, want.model))
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
    let open = wants
    for (let round = 0; round < rounds && open.length > 0; round++) open = await attachOnce(db, workspaceId, open)
    if (open.length > 0) throw new Retryable('Generations of the same clips keep failing at this moment.')
    if (wants.length > 0) await nudge(db, 'generate')
  }

  /** The next model of the campaign's list that can make the shot. */
  function nextModel(shot: DependentShot): { model: string; index: number } | undefined {
    for (let index = shot.model_index + 1; index < shot.models.length; index++) {
      const model = shot.models[index]!
      if (!refusal(model, shot.spec as unknown as ShotSpec)) return { model, index }
    }
    return undefined
  }

  /** After a verified failure: each shot goes to its campaign's next model, or is stranded and its variants fail. */
  async function moveOn(
    db: Db,
    generation: Pick<GenerationRow, 'id' | 'workspace_id'>,
    error: { code: string; message: string },
  ): Promise<void> {
    const shots = (await dependentShots(db, generation.id)).map((shot) => ({ shot, next: nextModel(shot) }))
    await attach(
      db,
      generation.workspace_id,
      shots.flatMap(({ shot, next }) => (next ? [wantOf(shot, next.model, next.index)] : [])),
    )
    const stranded = shots.filter(({ next }) => !next).map(({ shot }) => shot.id)
    await strandShots(db, stranded, { code: error.code, message: error.message })
  }

  return { attach, moveOn }
}

export type Attach = ReturnType<typeof createAttach>

export const wantOf = (
  shot: { readonly id: string; readonly shot_key: string; readonly spec: unknown },
  model: string,
  modelIndex: number,
): Want => ({ shotId: shot.id, shotKey: shot.shot_key, spec: shot.spec as ShotSpec, model, modelIndex })
