/** Decisions about variants and clips. */
import { z } from 'zod'
import { decisions, rejectReasons } from '#src/domain/review/rules.ts'
import { id, microUsd, time } from './common.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'A sha256 in hex')
const revision = z.number().int().min(1).meta({ description: 'The one that was seen; another is 409 stale_review' })
const filesSha256 = z
  .array(sha256)
  .min(1)
  .max(100)
  .meta({ description: "sha256 of every rendition's video, as it was seen, in any order" })
const actor = z.string().min(1).max(200).meta({ description: 'The person who decides, where one key serves several' })
const reason = z.enum(rejectReasons)
const note = z.string().max(2000).nullable()
const regenerate = z.boolean().meta({ description: 'Buy another clip and make it again; needs the scope "render" too' })

export const decision = z
  .object({
    id: id('decision'),
    object: z.literal('review_decision'),
    campaign_id: id('campaign'),
    variant_id: id('variant').nullable(),
    shot_id: id('shot').nullable(),
    revision: z.number().int().nullable(),
    decision: z.enum(decisions),
    reason: reason.nullable(),
    note,
    regenerate: z.boolean(),
    files_sha256: z.array(z.string()),
    key_id: z.string(),
    actor: z.string().nullable(),
    void_at: time.nullable().meta({ description: 'Set when the files changed after the decision' }),
    created_at: time,
  })
  .meta({ id: 'ReviewDecision' })

export const decisionList = z.object({ data: z.array(decision) }).meta({ id: 'ReviewDecisionList' })

export const approveInput = z
  .strictObject({ revision, files_sha256: filesSha256, actor: actor.optional() })
  .meta({ id: 'ApproveInput' })

export const rejectInput = z
  .strictObject({
    revision,
    files_sha256: filesSha256.optional(),
    reason,
    note: note.default(null),
    regenerate: regenerate.default(false),
    actor: actor.optional(),
  })
  .meta({ id: 'RejectInput' })

export const bulkInput = z
  .strictObject({
    campaign_id: z.string().max(80),
    decision: z.enum(decisions),
    filter: z
      .strictObject({
        locale: z.array(z.string().max(35)).min(1).max(200).optional(),
        segment_keys: z.array(z.string().max(200)).min(1).max(10_000).optional(),
        search: z.string().min(1).max(200).optional().meta({ description: "Part of the segment's key" }),
      })
      .default({})
      .meta({ description: 'Of the variants that wait for review; every condition has to hold' }),
    reason: reason.optional(),
    note: note.default(null),
    actor: actor.optional(),
    digest: z
      .string()
      .max(100)
      .optional()
      .meta({ description: 'Of the preview. Without it nothing is decided: the answer is the preview' }),
  })
  .refine((input) => input.decision !== 'rejected' || input.reason !== undefined, {
    path: ['reason'],
    message: `Rejecting needs a reason: ${rejectReasons.join(', ')}.`,
  })
  .meta({ id: 'BulkReviewInput' })

export const bulkReview = z
  .object({
    object: z.literal('bulk_review'),
    matched: z.number().int(),
    applied: z.number().int(),
    digest: z.string(),
    by_locale: z.record(z.string(), z.number().int()),
    sample: z.array(z.object({ variant_id: id('variant'), segment_key: z.string(), locale: z.string() })),
  })
  .meta({ id: 'BulkReviewResult' })

export const regenerationQuote = z
  .object({
    object: z.literal('regeneration_quote'),
    variant_id: id('variant'),
    clips: z.array(z.object({ shot_id: id('shot'), prompt: z.string(), seconds: z.number(), max_micro_usd: microUsd })),
    max_micro_usd: microUsd,
  })
  .meta({ id: 'RegenerationQuote' })

export const campaignClip = z
  .object({
    shot_id: id('shot'),
    object: z.literal('campaign_clip'),
    campaign_id: id('campaign'),
    status: z.enum(['waiting', 'in_review', 'approved', 'rejected', 'failed']),
    generation_id: id('generation').nullable(),
    generation_status: z.string().nullable(),
    model: z.string().nullable(),
    prompt: z.string(),
    seconds: z.number(),
    aspect_ratio: z.string(),
    take: z.number().int(),
    url: z.string().nullable(),
    sha256: z.string().nullable(),
    variants: z.number().int().meta({ description: 'How many variants use it' }),
    regenerate_max_micro_usd: microUsd,
    review: decision.nullable(),
    error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'CampaignClip' })

export const approveClipInput = z.strictObject({ sha256, actor: actor.optional() }).meta({ id: 'ApproveClipInput' })
export const rejectClipInput = z
  .strictObject({ sha256, reason, note: note.default(null), regenerate: regenerate.default(false), actor: actor.optional() })
  .meta({ id: 'RejectClipInput' })
