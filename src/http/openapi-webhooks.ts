/** What is posted to endpoints, as the `webhooks` of openapi.yaml: every event with the schema of its body. */
import { z } from 'zod'
import { eventBody, eventTypes, type EventType } from '#src/domain/events/types.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Document = { [key: string]: Json }

const types = Object.keys(eventTypes) as EventType[]

/** `variant.ready` → `VariantReady` */
const pascal = (type: string): string => type.replace(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase())
export const schemaName = (type: EventType): string => `${pascal(type)}Event`

/** Bounds that every JSON number has, and a calendar as a regular expression beside `format`, tell a reader nothing. */
function plain({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  delete jsonSchema.propertyNames
}

/**
 * As a receiver should take it: fields that are not listed may come, so that a new one breaks nobody.
 * Inlined, because the schemas of answers have the same parts under other names.
 */
export function eventSchema(type: EventType): Document {
  const { $schema: _, ...schema } = z.toJSONSchema(eventBody(type), { io: 'input', override: plain }) as Document
  return { description: eventTypes[type].about, ...schema }
}

const header = (name: string, description: string, schema: Document): Json => ({
  name,
  in: 'header',
  required: true,
  description,
  schema,
})

const headers: Json = [
  header('webhook-id', "The event's id: the same at every attempt, so recognise repetitions by it", { type: 'string' }),
  header('webhook-timestamp', 'Seconds since the epoch, of this attempt; refuse what is more than five minutes off', {
    type: 'string',
    pattern: '^[0-9]+$',
  }),
  header(
    'webhook-signature',
    'Signatures of `id.timestamp.body`, separated by spaces: `v1,` (HMAC-SHA256) or `v1a,` (ed25519) and base64',
    { type: 'string' },
  ),
]

const operation = (type: EventType): Json => ({
  post: {
    operationId: `on${pascal(type)}`,
    summary: eventTypes[type].about,
    tags: ['webhooks'],
    security: [],
    parameters: headers,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(type)}` } } },
    },
    responses: {
      '204': { description: 'Any 2xx within 15 seconds: delivered. All else, redirects included, is tried again for 75 hours' },
      '410': { description: 'Send nothing more: the endpoint is disabled' },
      '503': { description: 'Tried again, not before `Retry-After` where that is given' },
    },
  },
})

/** The description with `webhooks` and the schemas that they refer to. */
export function withWebhooks(document: Document): Document {
  const { schemas, ...components } = (document['components'] ?? {}) as { schemas?: Document }
  const events = Object.fromEntries(types.map((type) => [schemaName(type), eventSchema(type)]))
  return {
    ...document,
    webhooks: Object.fromEntries(types.map((type) => [type, operation(type)])),
    components: { ...components, schemas: { ...schemas, ...events } },
  }
}
