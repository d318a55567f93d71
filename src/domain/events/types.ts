/**
 * Every event that is posted to endpoints, and the shape of its `data`. openapi.yaml's `webhooks` and the types of the
 * payloads are made from this table; nothing that a consumer needs to act is left to another call.
 * Events of variants in review and of generations carry no links to files: nobody has approved those files yet.
 */
import { z } from 'zod'

const microUsd = z.number().int()
const count = z.number().int()
const time = z.iso.datetime()
const metadata = z.record(z.string(), z.string()).meta({ description: "The caller's own key–value pairs" })

const campaignRef = z.object({ id: z.string(), name: z.string(), metadata })

const campaign = z.object({ campaign_id: z.string(), name: z.string(), status: z.string(), metadata })
const counts = z
  .record(z.string(), z.record(z.string(), count).or(count))
  .meta({ description: 'As the campaign resource shows them' })
const spend = z.object({ reserved_micro_usd: microUsd, spent_micro_usd: microUsd, saved_micro_usd: microUsd })
const paused = campaign.extend({ pause_reasons: z.array(z.enum(['user', 'budget', 'overrun'])) })
const budget = paused.extend({ budget_micro_usd: microUsd.nullable(), spend })

const failure = z.object({ code: z.string(), message: z.string() })

export const renditionData = z.object({
  id: z.string(),
  format: z.string(),
  url: z.url().meta({ description: 'The video; the link outlives the whole retry schedule' }),
  poster_url: z.url(),
  preview_url: z.url().nullable().optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  seconds: z.number(),
  width: count,
  height: count,
  draft: z.boolean(),
})

const variant = z.object({
  variant_id: z.string(),
  revision: count.meta({ description: 'Grows at every retry or change; there is one outcome per revision' }),
  campaign_id: z.string(),
  campaign: campaignRef,
  segment_key: z.string(),
  locale: z.string(),
})

const generation = z.object({
  generation_id: z.string(),
  campaign_id: z.string().nullable().meta({ description: 'The campaign that pays' }),
  model: z.string(),
  cost_micro_usd: microUsd,
})

const endpointRef = z.object({ endpoint_id: z.string(), url: z.string() })

/** Event type → meaning and shape of `data`. */
export const eventTypes = {
  'campaign.planned': {
    about: 'A plan is ready to be read and launched, or has failed (`status`)',
    data: campaign.extend({ plan_digest: z.string().nullable().optional(), error: failure.nullable().optional() }),
  },
  'campaign.launched': { about: 'A campaign began to render', data: campaign.extend({ plan_digest: z.string().optional() }) },
  'campaign.paused': { about: 'Nothing new is bought or composed until it is resumed', data: paused },
  'campaign.resumed': { about: 'A reason to pause went away', data: paused },
  'campaign.completed': {
    about: 'Every variant has its outcome',
    data: campaign.extend({ counts, spend, manifest_url: z.url().optional(), completed_at: time.optional() }),
  },
  'campaign.cancelled': { about: 'A campaign was cancelled', data: campaign.extend({ counts: counts.optional() }) },
  'campaign.budget_exhausted': { about: 'The next clip does not fit into the budget: the campaign is paused', data: budget },
  'campaign.overrun': { about: 'A provider billed more than was reserved: the campaign is paused', data: budget },
  'variant.in_review': { about: 'All files of a variant are made and wait for approval', data: variant },
  'variant.ready': {
    about: 'A variant is finished, with every rendition',
    data: variant.extend({ renditions: z.array(renditionData) }),
  },
  'variant.failed': { about: 'A variant cannot be finished', data: variant.extend({ error: failure }) },
  'variant.rejected': {
    about: 'A reviewer rejected a variant',
    data: variant.extend({ reason: z.string(), note: z.string().nullable() }),
  },
  'variant.erased': { about: 'A variant and its files were erased', data: variant.omit({ segment_key: true, locale: true }) },
  'generation.ready': { about: 'A clip was bought and stored', data: generation },
  'generation.failed': { about: 'A clip was not made', data: generation.extend({ error: failure }) },
  'generation.uncertain': {
    about: 'The answer to a paid request was lost; its money stays reserved until someone resolves it',
    data: generation.extend({ attempt_id: z.string().optional(), reserved_micro_usd: microUsd.optional() }),
  },
  'model.sunset_soon': {
    about: 'A model that campaigns depend on is about to end',
    data: z.object({
      model: z.string(),
      sunset_on: z.iso.date().meta({ description: 'The first day on which nothing is submitted to it' }),
      days: count.meta({ description: 'Which of the notices this is: 30, 7 or 1 days before' }),
      campaign_ids: z.array(z.string()),
      template_ids: z.array(z.string()),
    }),
  },
  'endpoint.disabled': {
    about: 'An endpoint gets nothing more until it is enabled again',
    data: endpointRef.extend({
      reason: z.enum(['gone', 'failing']),
      failing_since: time.nullable(),
      cancelled_deliveries: count,
    }),
  },
  'endpoint.test': { about: 'Sent on request, to one endpoint', data: endpointRef },
} as const satisfies Record<string, { about: string; data: z.ZodType }>

export type EventType = keyof typeof eventTypes
/** The `data` of an event: `payload satisfies EventData<'variant.ready'>`. */
export type EventData<T extends EventType> = z.input<(typeof eventTypes)[T]['data']>

export const isEventType = (text: string): text is EventType => Object.hasOwn(eventTypes, text)

/** The whole body of a request to an endpoint. */
export const eventBody = (type: EventType) => z.object({ type: z.literal(type), timestamp: time, data: eventTypes[type].data })
