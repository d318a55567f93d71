/** Variants: one segment's ad each, with a rendition per format. */
import { lockCampaign } from '#src/database/campaigns.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { releaseShots } from '#src/database/generations.ts'
import { reopenRenditions, renditionsOf } from '#src/database/renditions.ts'
import {
  findVariant,
  listVariants,
  lockVariants,
  reopenVariant,
  type VariantFilter,
  type VariantRow,
} from '#src/database/variants.ts'
import { standingDecisions } from '#src/database/reviews.ts'
import { recordAudit } from '#src/database/workspaces.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import { reopenCampaign } from '../campaign/service-reopen.ts'
import type { CampaignSettings } from '../campaign/types.ts'
import { type Want, wantOf } from '../generation/service-attach.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import { presentDecision } from '../review/service-present.ts'
import type { Scope } from '../scope.ts'
import { assertTransition } from '../transitions.ts'
import { type VariantStatus, variantTransitions } from './rules.ts'
import { createRecompose, type NewCopy } from './service-recompose.ts'
import { type Link, presentVariant, type VariantResource } from './service-present.ts'

export interface VariantDependencies {
  readonly ids: NewId
  readonly link: Link
  /** Points shots at live or new generations. */
  readonly attach: (db: Db, workspaceId: string, wants: readonly Want[]) => Promise<void>
  /** Renditions whose clips are all there become due. */
  readonly releaseReady: (db: Db) => Promise<boolean>
}

interface Viewer {
  /** Links of variants that wait for approval are only for reviewers. */
  readonly mayReview?: boolean
}

/** Of `retry`, within one transaction. */
interface Reopening {
  readonly trx: Db
  readonly variant: VariantRow
  readonly models: readonly string[]
}

export function createVariants({ ids, link, attach, releaseReady }: VariantDependencies) {
  /** Renditions, files and shots of all rows in one query each. */
  async function present(db: Db, rows: readonly VariantRow[], { mayReview = false }: Viewer = {}): Promise<VariantResource[]> {
    const renditions = Map.groupBy(
      await renditionsOf(
        db,
        rows.map((row) => row.id),
      ),
      (rendition) => rendition.variant_id,
    )
    const generations = await generationsOf(db, [...new Set([...renditions.values()].flat().flatMap((r) => r.shot_ids))])
    const approved = await approvedWithoutReview(db, rows)
    const decisions = await standingDecisions(
      db,
      rows.map((row) => row.id),
    )
    return rows.map((row) => {
      const shown = mayReview || row.status === 'ready' || approved.has(row.campaign_id)
      const decision = decisions.get(row.id)
      const review = decision ? presentDecision(decision) : null
      return presentVariant(row, { renditions: renditions.get(row.id) ?? [], generations, link, shown, review })
    })
  }

  /** The campaign renders again, its shots without a clip are bought anew, and the failed renditions wait for them. */
  async function reopen({ trx, variant, models }: Reopening): Promise<void> {
    const failed = (await renditionsOf(trx, [variant.id])).filter((rendition) => rendition.status === 'failed')
    const shotIds = [...new Set(failed.flatMap((rendition) => rendition.shot_ids))]
    const shots = await strandedShots(trx, shotIds)
    await attach(
      trx,
      variant.workspace_id,
      shots.map((shot) => wantOf(shot, models)),
    )
    await reopenVariant(trx, variant.id, 'rendering')
    await reopenRenditions(trx, variant.id, variant.revision + 1)
    await releaseShots(trx, shotIds)
  }

  const recompose = createRecompose({ releaseReady })

  return {
    /**
     * Makes a variant again with other copy, from the clips that it has: at no cost.
     * @throws not_found; 422 for texts that do not fit its template; conflict while it is being made
     */
    async recompose(scope: Scope, id: string, input: NewCopy): Promise<VariantResource> {
      return await transaction(scope.db, async (trx) => {
        const inner = { ...scope, db: trx }
        const row = await recompose(inner, id, input)
        const { workspaceId, actor, requestId } = scope
        await recordAudit(trx, { id: ids('audit'), workspaceId, actor, action: 'variant.recomposed', subject: id, requestId })
        return (await present(trx, [row], { mayReview: true }))[0]!
      })
    },

    /** Of one campaign in the order of its audience, else newest first. Renditions are embedded. */
    async list(scope: Scope, page: PageRequest & VariantFilter, viewer: Viewer = {}): Promise<Page<VariantResource>> {
      const range = { after: positionOf(page.cursor), limit: page.limit + 1 }
      const rows = await listVariants(scope.db, scope.workspaceId, page, range)
      const shown = new Map((await present(scope.db, rows.slice(0, page.limit), viewer)).map((v) => [v.id, v]))
      return pageOf(
        rows,
        page,
        (row) => `${row.position}:${row.id}`,
        (row) => shown.get(row.id)!,
      )
    },

    /** @throws not_found */
    async get(scope: Scope, id: string, viewer: Viewer = {}): Promise<VariantResource> {
      const row = await findVariant(scope.db, scope.workspaceId, id)
      if (!row) throw notFound('variant', id)
      return (await present(scope.db, [row], viewer))[0]!
    },

    /**
     * Repeats what failed of a variant, and only that: ready files stay. Clips that no model made are bought again, from
     * the first model of the list, within the budget.
     * @throws not_found; conflict unless the variant failed and its campaign was not cancelled
     */
    async retry(scope: Scope, id: string): Promise<VariantResource> {
      return await transaction(scope.db, async (trx) => {
        const found = await findVariant(trx, scope.workspaceId, id)
        if (!found) throw notFound('variant', id)
        const campaign = (await lockCampaign(trx, scope.workspaceId, found.campaign_id))!
        await reopenCampaign(trx, campaign)
        const variant = (await lockVariants(trx, [id]))[0]!
        if (variant.status !== 'failed') {
          throw new ServiceError('conflict', `Only a failed variant can be retried; this one is "${variant.status}".`)
        }
        assertTransition('variant', variantTransitions, variant.status as VariantStatus, 'rendering')
        await reopen({ trx, variant, models: (campaign.settings as unknown as CampaignSettings).models })
        const { workspaceId, actor, requestId } = scope
        await recordAudit(trx, { id: ids('audit'), workspaceId, actor, action: 'variant.retried', subject: id, requestId })
        return (await present(trx, [(await findVariant(trx, workspaceId, id))!], { mayReview: true }))[0]!
      })
    },
  }
}

export type Variants = ReturnType<typeof createVariants>

function positionOf(cursor: string | undefined): { position: number; id: string } | undefined {
  const key = decodeCursor(cursor, /^\d{1,15}:var_[0-9a-z]{1,60}$/)
  if (key === undefined) return undefined
  const [position, id] = key.split(':')
  return { position: Number(position), id: id! }
}

async function generationsOf(db: Db, shotIds: readonly string[]): Promise<Map<string, string | null>> {
  if (shotIds.length === 0) return new Map()
  const shots = await db.selectFrom('shots').select(['id', 'generation_id']).where('id', 'in', shotIds).execute()
  return new Map(shots.map((shot) => [shot.id, shot.generation_id]))
}

/** Campaigns whose files need nobody's approval: with `clips` they are made from approved clips only. */
async function approvedWithoutReview(db: Db, rows: readonly VariantRow[]): Promise<Set<string>> {
  const campaignIds = [...new Set(rows.map((row) => row.campaign_id))]
  if (campaignIds.length === 0) return new Set()
  const campaigns = await db.selectFrom('campaigns').select(['id', 'settings']).where('id', 'in', campaignIds).execute()
  return new Set(campaigns.filter((c) => (c.settings as unknown as CampaignSettings).review !== 'all').map((c) => c.id))
}

/** Shots that every model failed. */
const strandedShots = (db: Db, shotIds: readonly string[]) =>
  db
    .selectFrom('shots')
    .selectAll()
    .where('id', 'in', shotIds.length > 0 ? [...shotIds] : [''])
    .where('error', 'is not', null)
    .orderBy('id')
    .forUpdate()
    .execute()
