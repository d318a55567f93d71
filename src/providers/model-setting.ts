/** A model of the settings → its card. */
import { z } from 'zod'
import type { ClipSpec, ModelCard, SubmitRecovery } from '#src/contracts/model-card.ts'

const day = z.iso.date('Expected a day, YYYY-MM-DD')
const ratio = z.string().regex(/^\d{1,2}:\d{1,2}$/, 'Expected a ratio such as "9:16"')
const resolution = z.string().regex(/^\d{2,4}p$/, 'Expected a resolution such as "720p"')
const seconds = z.number().positive().max(600)
const unique = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'Expected no value twice')

const recovery = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('idempotency-key'), ttl_seconds: z.number().int().positive() }),
  z.strictObject({
    kind: z.literal('list'),
    window_seconds: z.number().int().min(300, 'At least 300: an absence is believed after 120 s'),
  }),
  z.strictObject({ kind: z.literal('callback') }),
  z.strictObject({ kind: z.literal('none') }),
])

export const modelSetting = z
  .strictObject({
    id: z.string().regex(/^[\w.:/@-]{1,200}$/, 'Letters, digits and . : / @ _ - only'),
    title: z.string().max(200).optional(),
    durations: z
      .union([z.strictObject({ min: seconds, max: seconds }), z.strictObject({ values: unique(seconds) })])
      .refine((d) => 'values' in d || d.min <= d.max, 'min is above max'),
    aspect_ratios: unique(ratio),
    resolutions: unique(resolution),
    audio: z.enum(['optional', 'always', 'never']),
    accepts: z.array(z.enum(['seed', 'negative_prompt', 'first_frame', 'references'])).default([]),
    /** Integer micro-USD, by resolution. */
    price_micro_usd_per_second: z.record(z.string(), z.number().int().min(0)),
    price_checked_at: day,
    sunset_at: day.nullish(),
    max_in_flight: z.number().int().min(1).max(100_000),
    submits_per_minute: z.number().int().min(1).max(100_000),
    recovery: recovery.default({ kind: 'none' }),
    charged_on_refusal: z.enum(['yes', 'no', 'unknown']).default('unknown'),
    job_ttl_seconds: z.number().int().positive().optional(),
    result_ttl_seconds: z.number().int().positive().default(3600),
    typical_seconds: z.number().positive().optional(),
    /** What the vendor says of an invisible watermark in its clips. */
    watermark: z.string().min(1).max(200).optional(),
  })
  .superRefine((model, context) => {
    for (const wanted of model.resolutions) {
      if (!Object.hasOwn(model.price_micro_usd_per_second, wanted)) {
        context.addIssue({ code: 'custom', path: ['price_micro_usd_per_second'], message: `There is no price for "${wanted}"` })
      }
    }
  })

export type ModelSetting = z.output<typeof modelSetting>

function recoveryOf(setting: ModelSetting['recovery']): SubmitRecovery {
  if (setting.kind === 'list') return { kind: 'list', windowSeconds: setting.window_seconds }
  if (setting.kind === 'idempotency-key') return { kind: 'idempotency-key', ttlSeconds: setting.ttl_seconds }
  return setting
}

/** Vendors bill whole seconds. For a resolution without a price the dearest one stands in: a maximum is never too low. */
const maxCost =
  (prices: Readonly<Record<string, number>>) =>
  (clip: Pick<ClipSpec, 'seconds' | 'resolution'>): number =>
    Math.ceil(clip.seconds) * (prices[clip.resolution] ?? Math.max(...Object.values(prices)))

export function cardOf(providerId: string, model: ModelSetting): ModelCard {
  const { title, sunset_at, job_ttl_seconds, typical_seconds, watermark } = model
  return Object.freeze({
    id: `${providerId}/${model.id}`,
    ...(title && { title }),
    durations: model.durations,
    aspectRatios: model.aspect_ratios,
    resolutions: model.resolutions,
    audio: model.audio,
    accepts: model.accepts,
    maxCostMicroUsd: maxCost(model.price_micro_usd_per_second),
    priceMicroUsdPerSecond: model.price_micro_usd_per_second,
    priceCheckedAt: model.price_checked_at,
    ...(sunset_at && { sunsetAt: sunset_at }),
    recovery: recoveryOf(model.recovery),
    chargedOnRefusal: model.charged_on_refusal,
    ...(job_ttl_seconds && { jobTtlSeconds: job_ttl_seconds }),
    resultTtlSeconds: model.result_ttl_seconds,
    maxInFlight: model.max_in_flight,
    submitsPerMinute: model.submits_per_minute,
    ...(typical_seconds && { typicalSeconds: typical_seconds }),
    ...(watermark && { watermark }),
  })
}
