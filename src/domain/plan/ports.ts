/** What the planner needs from others. */
import type { AssetPaths, Composition, LayoutFinding } from '#src/contracts/composition.ts'
import type { Json } from '#src/contracts/json.ts'
import type { Db } from '#src/database/client.ts'
import type { Pool } from 'pg'
import type { PlanContext } from '../campaign/types.ts'
import type { Format } from '../format/rules.ts'
import type { NewId } from '../ids.ts'
import type { Scope } from '../scope.ts'
import type { GetCard } from './rules.ts'

export type PlanMedia = PlanContext['media'][string]

/** Files of media on this machine for as long as `use` runs. */
export type WithAssets = <T>(
  media: readonly Pick<PlanMedia, 'sha256' | 'object_key'>[],
  use: (paths: AssetPaths) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>

export type Measure = (
  compositions: readonly Composition[],
  assets: AssetPaths,
  run: { readonly signal?: AbortSignal },
) => Promise<readonly (readonly LayoutFinding[])[]>

export interface PlannerDependencies {
  readonly db: Db
  /** A running plan keeps one of its connections. */
  readonly pool: Pool
  readonly ids: NewId
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly card: GetCard
  readonly formats: { all(scope: Scope): Promise<ReadonlyMap<string, Format>> }
  readonly measure: Measure
  readonly withAssets: WithAssets
  readonly events: {
    emit(
      db: Db,
      event: {
        workspaceId: string
        type: 'campaign.planned'
        campaignId: string
        subjectId: string
        dedupeKey: string
        data: Readonly<Record<string, Json | undefined>>
      },
    ): Promise<void>
  }
  /** Launches a campaign that has just become `planned`, in the same transaction. */
  readonly launchPlanned: (db: Db, campaign: { readonly workspaceId: string; readonly id: string }) => Promise<unknown>
  /** Segments that are read, measured and written at once. */
  readonly pageSize?: number
}
