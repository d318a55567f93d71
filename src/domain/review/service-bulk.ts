/** One decision about many variants: a preview says what it touches, and applying takes exactly that or nothing. */
import { findCampaign } from '#src/database/campaigns.ts'
import { transaction } from '#src/database/client.ts'
import { filesSeen, type Reviewable, reviewableOf, type ReviewFilter } from '#src/database/reviews.ts'
import { lockVariants } from '#src/database/variants.ts'
import { invalid, notFound, ServiceError } from '#src/errors.ts'
import type { Scope } from '../scope.ts'
import { bulkLimit, digestOfReviewables } from './rules.ts'
import type { Decide, Verdict } from './service.ts'

interface BulkDependencies {
  readonly decide: Decide
  readonly audit: (scope: Scope, action: string, subject: string, details?: object) => Promise<void>
}

export interface BulkInput {
  readonly campaign_id: string
  readonly filter: ReviewFilter
  readonly verdict: Verdict
  /** Of the preview. Absent: only count. */
  readonly digest?: string | undefined
}

const sampleSize = 12

function answer(matched: readonly Reviewable[], digest: string, applied: number) {
  const locales = Map.groupBy(matched, (variant) => variant.locale)
  return {
    object: 'bulk_review' as const,
    matched: matched.length,
    applied,
    digest,
    by_locale: Object.fromEntries([...locales].map(([locale, variants]) => [locale, variants.length])),
    sample: matched.slice(0, sampleSize).map(({ id, segment_key, locale }) => ({ variant_id: id, segment_key, locale })),
  }
}

export function createBulkReview({ decide, audit }: BulkDependencies) {
  async function match({ db, workspaceId }: Scope, { campaign_id, filter }: BulkInput): Promise<Reviewable[]> {
    if (!(await findCampaign(db, workspaceId, campaign_id))) throw notFound('campaign', campaign_id)
    const matched = await reviewableOf(db, campaign_id, filter, bulkLimit + 1)
    if (matched.length <= bulkLimit) return matched
    const message = `More than ${bulkLimit} variants match. Narrow the filter, e.g. by locale.`
    throw invalid([{ pointer: '/filter', code: 'too_many', message }])
  }

  /** The same variants under their locks: whoever changes one now waits, and then finds it decided. */
  async function hold({ db }: Scope, matched: readonly Reviewable[]) {
    const ids = matched.map((variant) => variant.id)
    const variants = (await lockVariants(db, ids)).filter((variant) => variant.status === 'in_review')
    const files = await filesSeen(db, ids)
    const seen = variants.map(({ id, revision }) => ({ id, revision, files_sha256: files.get(id) ?? [] }))
    return { variants, files, digest: digestOfReviewables(seen) }
  }

  /**
   * @throws not_found; 422 for more variants than one decision may touch; stale_review when what matches is not what
   * the preview counted
   */
  return async function bulk(scope: Scope, input: BulkInput) {
    return await transaction(scope.db, async (trx) => {
      const inner = { ...scope, db: trx }
      const matched = await match(inner, input)
      if (input.digest === undefined) return answer(matched, digestOfReviewables(matched), 0)
      const { variants, files, digest } = await hold(inner, matched)
      if (digest !== input.digest) {
        throw new ServiceError('stale_review', 'What matches is not what the preview counted. Preview again, then decide.', {
          extensions: { current: { matched: variants.length, digest } },
        })
      }
      await decide(inner, variants, files, input.verdict)
      const { decision } = input.verdict
      await audit(inner, `campaign.bulk_${decision}`, input.campaign_id, { decision, variants: variants.length, digest })
      return answer(matched, digest, variants.length)
    })
  }
}
