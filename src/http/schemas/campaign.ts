import { z } from 'zod'
import { templateSchema } from '#src/domain/template/rules.ts'
import { id, metadata, microUsd, pageQuery, time, version } from './common.ts'

const segmentInput = z.strictObject({
  key: z.string().min(1).max(200),
  locale: z.string().min(2).max(35).default('en'),
  attributes: z.record(z.string().max(64), z.union([z.string().max(65_536), z.number(), z.boolean(), z.null()])).default({}),
})

const filter = z
  .strictObject({
    locale: z.array(z.string()).min(1).optional(),
    keys: z.array(z.string()).min(1).max(10_000).optional(),
    attributes: z.record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()])).min(1)).optional(),
  })
  .meta({ description: 'Which segments of the audience take part; every condition has to hold' })

const editable = {
  name: z.string().min(1).max(200),
  segment_filter: filter.nullable(),
  on_invalid: z.enum(['skip', 'fail']),
  formats: z.array(z.string()).min(1).max(21).meta({ description: "Defaults to the template's" }),
  models: z.array(z.string().max(200)).min(1).max(10).meta({ description: 'In order; the next only after a verified failure' }),
  budget_micro_usd: microUsd.min(0).nullable(),
  max_generations: z.number().int().min(1).max(1_000_000),
  max_renditions: z.number().int().min(1).max(100_000_000),
  review: z.enum(['none', 'clips', 'all']),
  on_uncertain: z.enum(['hold', 'resubmit']),
  priority: z.number().int().min(1).max(9).meta({ description: '1 is first' }),
  not_before: time.nullable(),
  metadata,
}

export const campaignInput = z
  .strictObject({
    name: editable.name,
    template_id: id('template').optional(),
    template_version: version.optional(),
    template: templateSchema.optional().meta({ description: 'Instead of template_id: a template of its own' }),
    audience_id: id('audience').optional(),
    segments: z
      .array(segmentInput)
      .min(1)
      .max(1000)
      .optional()
      .meta({ description: 'Instead of audience_id: an audience of its own' }),
    segment_filter: editable.segment_filter.default(null),
    on_invalid: editable.on_invalid.default('skip'),
    formats: editable.formats.optional(),
    models: editable.models.default(['storyboard/animatic']),
    budget_micro_usd: editable.budget_micro_usd.default(null),
    max_generations: editable.max_generations.default(100),
    max_renditions: editable.max_renditions.default(50_000),
    review: editable.review.default('none'),
    on_uncertain: editable.on_uncertain.default('hold'),
    priority: editable.priority.default(5),
    not_before: editable.not_before.default(null),
    metadata: editable.metadata.default({}),
    launch: z.boolean().default(false).meta({ description: 'Plan, and launch what was planned' }),
  })
  .refine((c) => (c.template_id === undefined) !== (c.template === undefined), {
    path: ['template_id'],
    message: 'Give either template_id or template.',
  })
  .refine((c) => (c.audience_id === undefined) !== (c.segments === undefined), {
    path: ['audience_id'],
    message: 'Give either audience_id or segments.',
  })
  .meta({ id: 'CampaignRequest' })

export const campaignPatch = z
  .strictObject({
    ...editable,
    template_id: id('template'),
    template_version: version,
    audience_id: id('audience'),
  })
  .partial()
  .meta({ id: 'CampaignPatch' })

const count = z.number().int()

export const campaign = z
  .object({
    id: id('campaign'),
    object: z.literal('campaign'),
    name: z.string(),
    status: z.enum(['draft', 'planning', 'planned', 'plan_failed', 'rendering', 'completed', 'cancelled']),
    pause_reasons: z.array(z.enum(['user', 'budget', 'overrun'])),
    needs_attention: z.boolean(),
    template_id: id('template'),
    template_version: z.number().int(),
    audience_id: id('audience'),
    audience_revision: z.number().int(),
    segment_filter: filter.nullable(),
    on_invalid: editable.on_invalid,
    formats: z.array(z.string()),
    models: z.array(z.string()),
    budget_micro_usd: editable.budget_micro_usd,
    max_generations: z.number().int(),
    max_renditions: z.number().int(),
    review: editable.review,
    on_uncertain: editable.on_uncertain,
    priority: editable.priority,
    not_before: time.nullable(),
    counts: z.object({
      variants: z.object({
        planned: count,
        rendering: count,
        in_review: count,
        ready: count,
        failed: count,
        rejected: count,
        cancelled: count,
      }),
      renditions: z.object({ waiting: count, composing: count, ready: count, failed: count, cancelled: count }),
      generations: z.object({
        planned: count,
        submitting: count,
        running: count,
        fetching: count,
        ready: count,
        failed: count,
        cancelled: count,
      }),
      uncertain: count,
      clips_in_review: count.meta({ description: 'With review "clips": clips that wait for a decision' }),
    }),
    spend: z.object({ reserved_micro_usd: microUsd, spent_micro_usd: microUsd, saved_micro_usd: microUsd }),
    plan_digest: z.string().nullable(),
    metadata,
    created_at: time,
    updated_at: time,
    started_at: time.nullable(),
    completed_at: time.nullable(),
  })
  .meta({ id: 'Campaign' })

export const campaignQuery = pageQuery.extend({ status: campaign.shape.status.optional() })

export const plan = z
  .object({
    object: z.literal('plan'),
    campaign_id: id('campaign'),
    revision: z.number().int(),
    status: z.enum(['waiting', 'ready', 'failed', 'superseded']),
    digest: z.string().nullable(),
    progress: z.object({ segments: count, of: count }).partial(),
    error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
    segments: z.object({ total: count, valid: count, invalid: count }).optional(),
    variants: count.optional(),
    renditions: count.optional(),
    generations: z.object({ distinct: count, new: count, owned: count, in_flight: count }).optional(),
    cost: z.object({ max_micro_usd: microUsd, saved_by_reuse_micro_usd: microUsd, naive_micro_usd: microUsd }).optional(),
    estimate: z
      .object({ provider_seconds: z.number(), composition_core_seconds: z.number(), output_bytes: z.number() })
      .optional(),
    findings: z
      .array(
        z.looseObject({
          severity: z.enum(['info', 'warning', 'error']),
          code: z.string(),
          message: z.string(),
          format: z.string().optional(),
          segments: count.optional(),
        }),
      )
      .optional(),
    samples: z
      .array(
        z.object({
          segment_key: z.string(),
          locale: z.string(),
          prompts: z.array(z.string()),
          overlays: z.array(z.string().nullable()),
          generation_ids: z.array(z.string()),
        }),
      )
      .optional(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Plan' })

export const invalidSegment = z
  .object({ segment_key: z.string(), errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })) })
  .meta({ id: 'InvalidSegment' })

export const launchInput = z
  .strictObject({
    plan_digest: z
      .string()
      .max(100)
      .meta({ description: 'The digest of the plan that was read; another one is 409 plan_changed' }),
  })
  .meta({ id: 'LaunchRequest' })
