/**
 * Review: finished variants (`all`) or clips before anything is composed from them (`clips`). A decision names the
 * revision and the hashes of the files that were seen, and holds for those only: what changed meanwhile is refused as
 * `stale_review`. Links, events and manifest follow from the decision in the same transaction.
 */
import { type Db, transaction } from '#src/database/client.ts'
import { renditionsOf } from '#src/database/renditions.ts'
import { approveFiles, decisionsOf, filesSeen, insertDecisions } from '#src/database/reviews.ts'
import { changeVariants, findVariant, lockVariants, type VariantRow } from '#src/database/variants.ts'
import { recordAudit } from '#src/database/workspaces.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import type { NewId } from '../ids.ts'
import type { Scope } from '../scope.ts'
import { campaignsOf, variantEvent, type VariantEvent } from '../variant/service-events.ts'
import type { Link } from '../variant/service-present.ts'
import { createBulkReview } from './service-bulk.ts'
import { createClipReview } from './service-clips.ts'
import { type DecisionResource, presentDecision } from './service-present.ts'
import { createRegeneration, type RegenerationDependencies } from './service-regenerate.ts'
import { type RejectReason, sawAll, type Seen } from './rules.ts'

export interface ReviewDependencies extends RegenerationDependencies {
  readonly ids: NewId
  readonly link: Link
  readonly events: { emitMany(db: Db, events: readonly VariantEvent[]): Promise<void> }
}

export interface Approval extends Seen {
  /** The person, where one key serves several. */
  readonly actor?: string | undefined
}

export interface Rejection {
  readonly revision: number
  readonly files_sha256?: readonly string[] | undefined
  readonly reason: RejectReason
  readonly note?: string | null | undefined
  /** Buys another clip and makes the variant again. */
  readonly regenerate?: boolean | undefined
  readonly actor?: string | undefined
}

/** One decision about several locked variants. */
export type Verdict =
  | { readonly decision: 'approved'; readonly actor?: string | undefined }
  | ({ readonly decision: 'rejected' } & Pick<Rejection, 'reason' | 'note' | 'regenerate' | 'actor'>)

export type Decide = (
  scope: Scope,
  variants: readonly VariantRow[],
  files: ReadonlyMap<string, string[]>,
  verdict: Verdict,
) => Promise<void>

export function createReviews(deps: ReviewDependencies) {
  const { ids, link, events } = deps
  const regeneration = createRegeneration(deps)

  const decide: Decide = async (scope, variants, files, verdict) => {
    if (variants.length === 0) return
    const { db } = scope
    const status = verdict.decision === 'approved' ? 'ready' : 'rejected'
    const variantIds = variants.map((variant) => variant.id)
    await insertDecisions(
      db,
      variants.map((variant) => rowOf(scope, variant, files.get(variant.id) ?? [], verdict)),
    )
    if (verdict.decision === 'approved') await approveFiles(db, variantIds)
    await changeVariants(
      db,
      variantIds.map((id) => ({ id, status, error: null })),
    )
    await tell(db, variants, verdict)
  }

  function rowOf({ workspaceId, actor: keyId }: Scope, variant: VariantRow, seen: readonly string[], verdict: Verdict) {
    const rejected = verdict.decision === 'rejected' ? verdict : undefined
    return {
      id: ids('decision'),
      workspace_id: workspaceId,
      campaign_id: variant.campaign_id,
      variant_id: variant.id,
      revision: variant.revision,
      decision: verdict.decision,
      reason: rejected?.reason ?? null,
      note: rejected?.note ?? null,
      regenerate: rejected?.regenerate ?? false,
      files_sha256: [...seen],
      key_id: keyId,
      actor: verdict.actor ?? null,
    }
  }

  async function tell(db: Db, variants: readonly VariantRow[], verdict: Verdict): Promise<void> {
    const campaigns = await campaignsOf(db, variants)
    const shown = verdict.decision === 'approved' ? variants.map((variant) => variant.id) : []
    const renditions = Map.groupBy(await renditionsOf(db, shown), (rendition) => rendition.variant_id)
    const outcome =
      verdict.decision === 'approved'
        ? ({ status: 'ready' } as const)
        : ({ status: 'rejected', reason: verdict.reason, note: verdict.note ?? null } as const)
    await events.emitMany(
      db,
      variants.map((variant) => {
        const about = { variant, campaign: campaigns.get(variant.campaign_id)!, renditions: renditions.get(variant.id) ?? [] }
        return variantEvent(outcome, about, link)
      }),
    )
  }

  /** The variant, locked, if it waits for review and is what the reviewer saw. @throws not_found, conflict, stale_review */
  async function lockSeen(trx: Db, scope: Scope, id: string, seen: Partial<Seen> & { revision: number }) {
    if (!(await findVariant(trx, scope.workspaceId, id))) throw notFound('variant', id)
    const variant = (await lockVariants(trx, [id]))[0]!
    const files = await filesSeen(trx, [id])
    const now = { revision: variant.revision, files_sha256: files.get(id) ?? [] }
    if (!sawAll({ files_sha256: now.files_sha256, ...seen }, now)) throw stale(now)
    if (variant.status !== 'in_review') {
      throw new ServiceError(
        'conflict',
        `Only a variant that waits for review can be decided about; this one is "${variant.status}".`,
      )
    }
    return { variant, files }
  }

  async function audit(scope: Scope, action: string, subject: string, details = {}): Promise<void> {
    const { db, workspaceId, actor, requestId } = scope
    await recordAudit(db, { id: ids('audit'), workspaceId, actor, action, subject, details, requestId })
  }

  return {
    /**
     * Sends `variant.ready` and opens the links of exactly the files that were seen.
     * @throws not_found; stale_review with what is there now; conflict unless it waits for review
     */
    async approve(scope: Scope, id: string, { actor, ...seen }: Approval): Promise<void> {
      await transaction(scope.db, async (trx) => {
        const inner = { ...scope, db: trx }
        const { variant, files } = await lockSeen(trx, scope, id, seen)
        await decide(inner, [variant], files, { decision: 'approved', actor })
        await audit(inner, 'variant.approved', id, { revision: variant.revision, files_sha256: files.get(id)! })
      })
    },

    /**
     * With `regenerate` it is made again at once, from another take of its clips.
     * @throws as approve; forbidden to regenerate without the scope `render`
     */
    async reject(scope: Scope, id: string, input: Rejection, { mayRender = false } = {}): Promise<void> {
      if (input.regenerate && !mayRender) {
        throw new ServiceError('forbidden', 'Another clip may cost money: it needs a key with the scope "render".')
      }
      await transaction(scope.db, async (trx) => {
        const inner = { ...scope, db: trx }
        // The campaign before the variant, as everywhere: two who reopen it must not wait for each other.
        const campaign = input.regenerate ? await regeneration.lockCampaignOf(inner, id) : undefined
        const { revision, files_sha256 } = input
        const { variant, files } = await lockSeen(trx, scope, id, { revision, ...(files_sha256 && { files_sha256 }) })
        await decide(inner, [variant], files, { decision: 'rejected', ...input })
        await audit(inner, 'variant.rejected', id, { revision, reason: input.reason, regenerate: input.regenerate ?? false })
        if (campaign) await regeneration.remake(inner, campaign, variant)
      })
    },

    /** Every decision about a variant, newest first. @throws not_found */
    async decisions(scope: Scope, id: string): Promise<{ data: DecisionResource[] }> {
      if (!(await findVariant(scope.db, scope.workspaceId, id))) throw notFound('variant', id)
      return { data: (await decisionsOf(scope.db, id)).map(presentDecision) }
    },

    /** What another clip for a variant would cost. @throws not_found */
    quote: regeneration.quote,
    bulk: createBulkReview({ decide, audit }),
    clips: createClipReview({ ...deps, audit }),
  }
}

export type Reviews = ReturnType<typeof createReviews>

const stale = (now: Seen) =>
  new ServiceError('stale_review', 'The files are not the ones that were seen. Look at them again, then decide.', {
    extensions: { current: { revision: now.revision, files_sha256: [...now.files_sha256] } },
  })
