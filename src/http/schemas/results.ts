/** What a campaign yields: variants, renditions, generations. */
import type { Json } from '#src/contracts/json.ts'
import { generationStatuses } from '#src/domain/generation/rules.ts'
import { z } from 'zod'
import { decision } from './reviews.ts'
import { id, microUsd, pageQuery, time } from './common.ts'
import { disclosure, provenance } from './provenance.ts'

const failure = z.looseObject({ code: z.string(), message: z.string() })

export const rendition = z
  .object({
    id: id('rendition'),
    object: z.literal('rendition'),
    format: z.string(),
    status: z.enum(['waiting', 'composing', 'ready', 'failed', 'cancelled']),
    url: z.string().nullable(),
    poster_url: z.string().nullable(),
    preview_url: z.string().nullable(),
    sha256: z.string().nullable(),
    bytes: z.number().int().nullable(),
    seconds: z.number().nullable(),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    draft: z.boolean(),
    disclosure: disclosure.nullable(),
    provenance: provenance.nullable(),
    qa: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
    error: failure.nullable(),
  })
  .meta({ id: 'Rendition' })

export const variantStatuses = ['planned', 'rendering', 'in_review', 'ready', 'rejected', 'failed', 'cancelled'] as const

export const variant = z
  .object({
    id: id('variant'),
    object: z.literal('variant'),
    status: z.enum(variantStatuses),
    revision: z.number().int(),
    campaign_id: id('campaign'),
    segment_key: z.string(),
    locale: z.string(),
    texts: z.looseObject({}).optional(),
    shots: z.array(z.object({ shot_id: id('shot'), generation_id: id('generation').nullable() })),
    error: failure.nullable(),
    review: decision.nullable().meta({ description: 'The decision that holds for these files' }),
    renditions: z.array(rendition),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Variant' })

export const variantQuery = pageQuery.extend({
  campaign_id: z.string().max(80).optional(),
  status: z.enum(variantStatuses).optional(),
  segment_key: z.string().max(200).optional(),
  format: z.string().max(64).optional(),
  locale: z.string().max(35).optional(),
  search: z.string().min(1).max(200).optional().meta({ description: "Part of the segment's key" }),
})

const copy = z.string().max(2000)
export const recomposeInput = z
  .strictObject({
    overlays: z
      .array(copy.nullable())
      .max(100)
      .meta({ description: "In the order of the variant's `texts.overlays`: a text, or null for an overlay without one" }),
    end_card: copy.nullable().optional(),
  })
  .meta({ id: 'RecomposeInput' })

const attempt = z.object({
  id: id('attempt'),
  status: z.string(),
  provider: z.string(),
  model: z.string(),
  submitted_at: time,
  job_ref: z.unknown(),
  evidence: z.unknown().optional(),
  error: failure.nullable(),
  reserved_micro_usd: microUsd,
  cost_micro_usd: microUsd.nullable(),
})

export const generation = z
  .object({
    id: id('generation'),
    object: z.literal('generation'),
    status: z.enum(generationStatuses),
    model: z.string(),
    prompt: z.string(),
    seconds: z.number(),
    aspect_ratio: z.string(),
    resolution: z.string(),
    audio: z.boolean(),
    payer_campaign_id: id('campaign').nullable(),
    progress: z.number().nullable(),
    cost_micro_usd: microUsd,
    clip: z.object({ url: z.string(), sha256: z.string(), bytes: z.number().int(), seconds: z.number() }).nullable(),
    error: failure.nullable(),
    attempts: z.array(attempt),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Generation' })

export const generationQuery = pageQuery.extend({
  campaign_id: z.string().max(80).optional(),
  status: z.enum(generationStatuses).optional(),
  model: z.string().max(200).optional(),
})

export const resolveInput = z
  .strictObject({
    action: z.enum(['attach', 'resubmit', 'abandon']),
    job_ref: z.custom<Json>().optional().meta({ description: "With attach: the provider's job, as found in its own console" }),
  })
  .meta({ id: 'ResolveRequest' })

export const manifestRow = z
  .object({
    campaign_id: z.string(),
    variant_id: z.string(),
    revision: z.number().int(),
    segment_key: z.string(),
    locale: z.string(),
    format: z.string(),
    url: z.string(),
    poster_url: z.string().nullable(),
    preview_url: z.string().nullable(),
    sha256: z.string(),
    bytes: z.number().int(),
    seconds: z.number(),
    width: z.number().int(),
    height: z.number().int(),
    draft: z.boolean(),
  })
  .meta({ id: 'ManifestRow' })
