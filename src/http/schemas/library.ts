/** What campaigns are made from: templates, audiences, media, formats, models. */
import { z } from 'zod'
import { formatSchema } from '#src/domain/format/rules.ts'
import { templateSchema } from '#src/domain/template/rules.ts'
import { id, metadata, pageQuery, time, version } from './common.ts'

export const templateInput = z
  .strictObject({ template: templateSchema, metadata: metadata.default({}) })
  .meta({ id: 'TemplateRequest' })

export const template = z
  .object({
    id: id('template'),
    object: z.literal('template'),
    name: z.string(),
    version: z.number().int(),
    template: z.looseObject({}).meta({ description: 'As checked, with every default filled in' }),
    metadata,
    created_at: time,
    updated_at: time,
    archived_at: time.nullable(),
  })
  .meta({ id: 'Template' })

export const templateVersion = z
  .object({ template_id: id('template'), version: z.number().int(), template: z.looseObject({}), created_at: time })
  .meta({ id: 'TemplateVersion' })

export const previewInput = z
  .strictObject({
    template: templateSchema.optional(),
    template_id: id('template').optional(),
    template_version: version.optional(),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
    segment_key: z.string().max(200).default('preview'),
    locale: z.string().max(35).default('en'),
    formats: z.array(z.string()).min(1).max(21).optional(),
    at_seconds: z.number().min(0).max(600).optional(),
    guides: z.boolean().default(false),
  })
  .refine((p) => (p.template_id === undefined) !== (p.template === undefined), {
    path: ['template_id'],
    message: 'Give either template_id or template.',
  })
  .meta({ id: 'PreviewRequest' })

export const preview = z
  .object({
    object: z.literal('preview'),
    prompts: z.array(z.string()),
    texts: z.looseObject({}),
    stills: z.array(
      z.object({
        format: z.string(),
        width: z.number().int(),
        height: z.number().int(),
        image: z.string().meta({ description: 'data: URL of a JPEG' }),
        findings: z.array(z.looseObject({ code: z.string(), message: z.string() })),
      }),
    ),
  })
  .meta({ id: 'Preview' })

export const audienceInput = z
  .strictObject({ name: z.string().min(1).max(200), metadata: metadata.default({}) })
  .meta({ id: 'AudienceRequest' })

export const audience = z
  .object({
    id: id('audience'),
    object: z.literal('audience'),
    name: z.string(),
    revision: z.number().int(),
    segment_count: z.number().int(),
    metadata,
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Audience' })

export const segment = z
  .object({
    key: z.string(),
    object: z.literal('segment'),
    locale: z.string(),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'Segment' })

export const importQuery = z.object({
  mode: z.enum(['replace', 'upsert']).default('replace'),
  delimiter: z.string().length(1).optional().meta({ description: 'Of a CSV; found by itself when left out' }),
  template_id: z.string().max(80).optional().meta({ description: "Check columns and values against this template's variables" }),
})

const importError = z
  .object({
    row: z.number().int(),
    column: z.string().nullable(),
    code: z.string(),
    message: z.string(),
    value: z.string().nullable(),
  })
  .meta({ id: 'ImportError' })
export { importError }

export const importResult = z
  .object({
    id: id('import'),
    object: z.literal('import'),
    audience_id: id('audience'),
    status: z.enum(['succeeded', 'failed']),
    mode: z.enum(['replace', 'upsert']),
    rows: z.number().int(),
    accepted: z.number().int(),
    refused: z.number().int(),
    revision: z.number().int().nullable(),
    error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
    errors: z.array(importError).meta({ description: 'The first 100; all of them under /errors' }),
    created_at: time,
  })
  .meta({ id: 'Import' })

export const media = z
  .object({
    id: id('media'),
    object: z.literal('media'),
    kind: z.enum(['image', 'font', 'audio', 'video']),
    name: z.string(),
    media_type: z.string(),
    bytes: z.number().int(),
    sha256: z.string(),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    seconds: z.number().nullable(),
    url: z.string(),
    metadata,
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Media' })

export const format = formatSchema.extend({ object: z.literal('format'), built_in: z.boolean() }).meta({ id: 'Format' })
export const formatInput = formatSchema.strict().meta({ id: 'FormatRequest' })

export const model = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    provider: z.string(),
    title: z.string(),
    durations: z.union([z.object({ values: z.array(z.number()) }), z.object({ min: z.number(), max: z.number() })]),
    aspect_ratios: z.array(z.string()),
    resolutions: z.array(z.string()),
    audio: z.enum(['optional', 'always', 'never']),
    accepts: z.array(z.string()),
    price_micro_usd_per_second: z.record(z.string(), z.number()),
    price_checked_at: z.string(),
    sunset_at: z.string().nullable(),
    recovery: z.looseObject({ kind: z.string() }),
    charged_on_refusal: z.enum(['yes', 'no', 'unknown']),
    max_in_flight: z.number().int(),
    submits_per_minute: z.number().int(),
    watermark: z.string().nullable().meta({ description: 'What the vendor says of an invisible watermark in its clips' }),
    draft: z.boolean(),
    configured: z.boolean(),
  })
  .meta({ id: 'Model' })

export const dependents = z
  .object({
    object: z.literal('model_dependents'),
    model: z.string(),
    campaigns: z.array(z.object({ id: id('campaign'), name: z.string(), status: z.string(), template_id: id('template') })),
  })
  .meta({ id: 'ModelDependents' })

export const mediaQuery = pageQuery.extend({ kind: z.enum(['image', 'font', 'audio', 'video']).optional() })
