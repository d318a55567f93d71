/** With review `clips`, the few clips are looked at before thousands of files are composed from them. */
import { findCampaign, lockCampaign } from '#src/database/campaigns.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { strandShots } from '#src/database/generations.ts'
import { approveClip, type ClipRow, clipsForReview, insertDecisions, lockShot, nextTake } from '#src/database/reviews.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import { reopenCampaign } from '../campaign/service-reopen.ts'
import type { CampaignSettings, ShotSpec } from '../campaign/types.ts'
import { shotKey } from '../expansion/shot.ts'
import { wantOf } from '../generation/service-attach.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import type { Link } from '../variant/service-present.ts'
import type { RejectReason } from './rules.ts'
import { presentClip } from './service-present.ts'
import type { RegenerationDependencies } from './service-regenerate.ts'

interface ClipReviewDependencies extends RegenerationDependencies {
  readonly ids: NewId
  readonly link: Link
  readonly audit: (scope: Scope, action: string, subject: string, details?: object) => Promise<void>
}

export interface ClipApproval {
  /** Of the clip that was seen. */
  readonly sha256: string
  readonly actor?: string | undefined
}

export interface ClipRejection extends ClipApproval {
  readonly reason: RejectReason
  readonly note?: string | null | undefined
  readonly regenerate?: boolean | undefined
}

interface About {
  readonly campaignId: string
  readonly shotId: string
}

export function createClipReview({ ids, link, attach, releaseReady, price, audit }: ClipReviewDependencies) {
  async function present(db: Db, rows: readonly ClipRow[], settings: CampaignSettings) {
    const fileIds = rows.flatMap((row) => row.clip_file_id ?? [])
    const files = fileIds.length === 0 ? [] : await db.selectFrom('files').selectAll().where('id', 'in', fileIds).execute()
    const links = new Map(files.filter((file) => file.removed_at === null).map((file) => [file.id, link(file)]))
    return rows.map((row) =>
      presentClip(row, links.get(row.clip_file_id ?? '') ?? null, price(row.spec as unknown as ShotSpec, settings)),
    )
  }

  const one = async (scope: Scope, { campaignId, shotId }: About, settings: CampaignSettings) =>
    (await present(scope.db, await clipsForReview(scope.db, campaignId, { limit: 1, shotId }), settings))[0]!

  /** Campaign and shot, locked, if the clip is the one that was seen. @throws not_found, conflict, stale_review */
  async function lockSeen(scope: Scope, { campaignId, shotId }: About, sha256: string) {
    const campaign = await lockCampaign(scope.db, scope.workspaceId, campaignId)
    if (!campaign) throw notFound('campaign', campaignId)
    const shot = await lockShot(scope.db, campaignId, shotId)
    if (!shot) throw notFound('clip', shotId)
    const [clip] = await clipsForReview(scope.db, campaignId, { limit: 1, shotId })
    if (clip?.generation_status !== 'ready')
      throw new ServiceError('conflict', 'The clip is not there yet: nothing can be decided.')
    if (clip.clip_sha256 !== sha256) {
      throw new ServiceError('stale_review', 'The clip is not the one that was seen. Look at it again, then decide.', {
        extensions: { current: { sha256: clip.clip_sha256 } },
      })
    }
    const settings = campaign.settings as unknown as CampaignSettings
    if (settings.review !== 'clips') {
      throw new ServiceError(
        'conflict',
        `Clips are decided about in campaigns with review "clips"; this one has "${settings.review}".`,
      )
    }
    return { campaign, shot, settings }
  }

  const rowOf = ({ workspaceId, actor: keyId }: Scope, about: About, input: ClipApproval & Partial<ClipRejection>) => ({
    id: ids('decision'),
    workspace_id: workspaceId,
    campaign_id: about.campaignId,
    shot_id: about.shotId,
    decision: input.reason ? ('rejected' as const) : ('approved' as const),
    reason: input.reason ?? null,
    note: input.note ?? null,
    regenerate: input.regenerate ?? false,
    files_sha256: [input.sha256],
    key_id: keyId,
    actor: input.actor ?? null,
  })

  /** The shot becomes another take of itself, for every variant that uses it. */
  async function retake(db: Db, shot: Awaited<ReturnType<typeof lockShot>> & object, models: readonly string[]): Promise<void> {
    const spec = { ...(shot.spec as unknown as ShotSpec), take: await nextTake(db, shot) }
    const changes = {
      spec: { ...spec },
      shot_key: shotKey(spec),
      approved_sha256: null,
      generation_id: null,
      error: null,
      model_index: 0,
    }
    await db.updateTable('shots').set(changes).where('id', '=', shot.id).execute()
    await attach(db, shot.workspace_id, [wantOf({ id: shot.id, shot_key: changes.shot_key, spec }, models)])
  }

  return {
    /** Every clip of a campaign, with its state of review. @throws not_found */
    async list(scope: Scope, campaignId: string, page: PageRequest) {
      const campaign = await findCampaign(scope.db, scope.workspaceId, campaignId)
      if (!campaign) throw notFound('campaign', campaignId)
      const after = decodeCursor(page.cursor)
      const rows = await clipsForReview(scope.db, campaignId, { after, limit: page.limit + 1 })
      const settings = campaign.settings as unknown as CampaignSettings
      const shown = new Map((await present(scope.db, rows.slice(0, page.limit), settings)).map((clip) => [clip.shot_id, clip]))
      return pageOf(
        rows,
        page,
        (row) => row.id,
        (row) => shown.get(row.id)!,
      )
    },

    /** Composition from it begins. @throws not_found, conflict, stale_review */
    async approve(scope: Scope, about: About, input: ClipApproval) {
      return await transaction(scope.db, async (trx) => {
        const inner = { ...scope, db: trx }
        const { settings } = await lockSeen(inner, about, input.sha256)
        await insertDecisions(trx, [rowOf(inner, about, input)])
        await approveClip(trx, about.shotId, input.sha256)
        await releaseReady(trx)
        await audit(inner, 'clip.approved', about.shotId, { campaign_id: about.campaignId, sha256: input.sha256 })
        return await one(inner, about, settings)
      })
    },

    /**
     * With `regenerate` another take is bought; else its variants fail, and a retry brings the clip back to review.
     * @throws as approve; forbidden to regenerate without the scope `render`
     */
    async reject(scope: Scope, about: About, input: ClipRejection, { mayRender = false } = {}) {
      if (input.regenerate && !mayRender) {
        throw new ServiceError('forbidden', 'Another clip may cost money: it needs a key with the scope "render".')
      }
      return await transaction(scope.db, async (trx) => {
        const inner = { ...scope, db: trx }
        const { campaign, shot, settings } = await lockSeen(inner, about, input.sha256)
        if (shot.approved_sha256 === input.sha256)
          throw new ServiceError('conflict', 'The clip was approved: files are made from it.')
        await insertDecisions(trx, [rowOf(inner, about, input)])
        if (input.regenerate) {
          await reopenCampaign(trx, campaign)
          await retake(trx, shot, settings.models)
        } else {
          await strandShots(trx, [shot.id], { code: 'clip_rejected', message: `A reviewer rejected the clip (${input.reason}).` })
        }
        const { reason, sha256, regenerate = false } = input
        await audit(inner, 'clip.rejected', shot.id, { campaign_id: campaign.id, sha256, reason, regenerate })
        return await one(inner, about, settings)
      })
    },
  }
}
