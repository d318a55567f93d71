import { z } from 'zod'
import { id, metadata, pageQuery, time } from './common.ts'

const editable = {
  url: z.string().max(2048),
  description: z.string().max(500),
  event_types: z.array(z.string().max(64)).min(1).max(64).nullable().meta({ description: 'null: every type' }),
  campaign_id: id('campaign').nullable().meta({ description: 'null: every campaign' }),
  max_concurrency: z.number().int().min(1).max(64),
  rate_limit_per_second: z.number().int().min(1).max(1000).nullable(),
  metadata,
}

export const endpointInput = z
  .strictObject({
    url: editable.url,
    description: editable.description.default(''),
    event_types: editable.event_types.default(null),
    campaign_id: editable.campaign_id.default(null),
    max_concurrency: editable.max_concurrency.default(8),
    rate_limit_per_second: editable.rate_limit_per_second.default(null),
    signature: z.enum(['v1', 'v1a']).default('v1'),
    secret: z.string().max(200).optional().meta({ description: 'whsec_ + base64 of 24 to 64 bytes; made when left out' }),
    metadata: editable.metadata.default({}),
  })
  .meta({ id: 'WebhookEndpointRequest' })

export const endpointPatch = z
  .strictObject({ ...editable, status: z.enum(['enabled', 'disabled']) })
  .partial()
  .meta({ id: 'WebhookEndpointPatch' })

export const endpoint = z
  .object({
    id: id('endpoint'),
    object: z.literal('webhook_endpoint'),
    ...editable,
    status: z.enum(['enabled', 'disabled']),
    disabled_reason: z.string().nullable(),
    signature: z.enum(['v1', 'v1a']),
    secret: z.string().optional().meta({ description: 'Only in the answers to create and rotate' }),
    public_key: z.string().optional().meta({ description: 'With v1a: whpk_ + base64, to verify with' }),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'WebhookEndpoint' })

export const rotateInput = z
  .strictObject({ overlap_hours: z.number().min(0).max(168).default(24), secret: z.string().max(200).optional() })
  .meta({ id: 'RotateSecretRequest' })

export const event = z
  .object({
    id: id('event'),
    object: z.literal('event'),
    type: z.string(),
    campaign_id: id('campaign').nullable(),
    created_at: time,
    payload: z.looseObject({ type: z.string(), timestamp: z.string(), data: z.looseObject({}) }),
  })
  .meta({ id: 'Event' })

export const eventQuery = pageQuery.extend({ type: z.string().max(64).optional(), campaign_id: z.string().max(80).optional() })

export const delivery = z
  .object({
    id: id('delivery'),
    object: z.literal('delivery'),
    endpoint_id: id('endpoint'),
    event_id: id('event'),
    status: z.enum(['due', 'delivered', 'exhausted', 'cancelled']),
    attempt_count: z.number().int(),
    due_at: time.nullable(),
    delivered_at: time.nullable(),
    last_status: z.number().int().nullable(),
    attempts: z
      .array(
        z.object({
          attempt: z.number().int(),
          started_at: time,
          milliseconds: z.number().int(),
          status: z.number().int().nullable(),
          error: z.string().nullable(),
          response_excerpt: z.string().nullable(),
        }),
      )
      .optional(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Delivery' })

export const deliveryQuery = pageQuery.extend({
  endpoint_id: z.string().max(80).optional(),
  event_id: z.string().max(80).optional(),
  status: delivery.shape.status.optional(),
})

export const recoverInput = z.strictObject({ since: time }).meta({ id: 'RecoverRequest' })
export const recovery = z
  .object({ object: z.literal('recovery'), endpoint_id: id('endpoint'), deliveries: z.number().int() })
  .meta({ id: 'Recovery' })
