import { z } from 'zod'
import { id, page, pageQuery } from '../schemas/common.ts'
import {
  approveClipInput,
  approveInput,
  bulkInput,
  bulkReview,
  campaignClip,
  decisionList,
  regenerationQuote,
  rejectClipInput,
  rejectInput,
} from '../schemas/reviews.ts'
import { variant } from '../schemas/results.ts'
import type { AddRoutes } from './index.ts'

const tag = 'review'
const one = z.object({ id: id('variant') })
const oneClip = z.object({ id: id('campaign'), shot_id: id('shot') })

export const addReviews: AddRoutes = (add, { reviews, variants }) => {
  add({
    method: 'POST',
    url: '/v1/variants/:id/approve',
    operationId: 'approveVariant',
    tag,
    needs: 'review',
    effect: 'change',
    idempotent: true,
    summary: 'Approve exactly the files that were seen',
    description: 'Sends variant.ready and opens the links. Files that changed meanwhile are 409 stale_review.',
    params: one,
    body: approveInput,
    answer: variant,
    handler: async ({ scope, params, body }) => {
      await reviews.approve(scope, params.id, body)
      return await variants.get(scope, params.id, { mayReview: true })
    },
  })
  add({
    method: 'POST',
    url: '/v1/variants/:id/reject',
    operationId: 'rejectVariant',
    tag,
    needs: 'review',
    effect: 'change',
    idempotent: true,
    summary: 'Reject a variant with a reason; with "regenerate", make it again from another clip',
    params: one,
    body: rejectInput,
    answer: variant,
    handler: async ({ scope, params, body, caller }) => {
      await reviews.reject(scope, params.id, body, { mayRender: caller.scopes.includes('render') })
      return await variants.get(scope, params.id, { mayReview: true })
    },
  })
  add({
    method: 'GET',
    url: '/v1/variants/:id/decisions',
    operationId: 'listDecisions',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'Every decision about a variant, newest first; void ones included',
    params: one,
    answer: decisionList,
    handler: ({ scope, params }) => reviews.decisions(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/variants/:id/regeneration',
    operationId: 'quoteRegeneration',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'What another clip for this variant costs at most',
    params: one,
    answer: regenerationQuote,
    handler: ({ scope, params }) => reviews.quote(scope, params.id),
  })
  add({
    method: 'POST',
    url: '/v1/variants/bulk-review',
    operationId: 'bulkReview',
    tag,
    needs: 'review',
    effect: 'change',
    idempotent: true,
    summary: 'Preview, then decide about, every waiting variant that a filter matches',
    body: bulkInput,
    answer: bulkReview,
    handler: ({ scope, body: { campaign_id, filter, digest, decision, reason, note, actor } }) => {
      const verdict =
        decision === 'approved' ? { decision, actor } : { decision, reason: reason ?? 'other', note, actor, regenerate: false }
      return reviews.bulk(scope, { campaign_id, filter, digest, verdict })
    },
  })
  add({
    method: 'GET',
    url: '/v1/campaigns/:id/clips',
    operationId: 'listCampaignClips',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'The clips of a campaign, with their state of review',
    params: z.object({ id: id('campaign') }),
    query: pageQuery,
    answer: page(campaignClip, 'CampaignClip'),
    handler: ({ scope, params, query }) => reviews.clips.list(scope, params.id, query),
  })
  add({
    method: 'POST',
    url: '/v1/campaigns/:id/clips/:shot_id/approve',
    operationId: 'approveClip',
    tag,
    needs: 'review',
    effect: 'change',
    idempotent: true,
    summary: 'Approve a clip: composition from it begins',
    params: oneClip,
    body: approveClipInput,
    answer: campaignClip,
    handler: ({ scope, params, body }) => reviews.clips.approve(scope, { campaignId: params.id, shotId: params.shot_id }, body),
  })
  add({
    method: 'POST',
    url: '/v1/campaigns/:id/clips/:shot_id/reject',
    operationId: 'rejectClip',
    tag,
    needs: 'review',
    effect: 'change',
    idempotent: true,
    summary: 'Reject a clip; with "regenerate", buy another take of it',
    params: oneClip,
    body: rejectClipInput,
    answer: campaignClip,
    handler: ({ scope, params, body, caller }) =>
      reviews.clips.reject(scope, { campaignId: params.id, shotId: params.shot_id }, body, {
        mayRender: caller.scopes.includes('render'),
      }),
  })
}
