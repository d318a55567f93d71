/** Endpoints and deliveries in the API's shape. */
import type { AttemptLogRow, DeliveryRow } from '#src/database/deliveries.ts'
import type { EndpointRow } from '#src/database/endpoints.ts'

export interface EndpointResource {
  readonly id: string
  readonly object: 'webhook_endpoint'
  readonly url: string
  readonly description: string
  readonly event_types: string[] | null
  readonly campaign_id: string | null
  readonly status: 'enabled' | 'disabled'
  readonly disabled_reason: string | null
  readonly failing_since: string | null
  readonly signature: 'v1' | 'v1a'
  readonly max_concurrency: number
  readonly rate_limit_per_second: number | null
  readonly metadata: Record<string, string>
  readonly created_at: string
  readonly updated_at: string
  /** With v1a. */
  readonly public_key?: string
  /** With v1, only in the answers to create and rotate. */
  readonly secret?: string
}

const isoOf = (date: Date | null): string | null => date?.toISOString() ?? null

export function presentEndpoint(row: EndpointRow, more: { public_key?: string; secret?: string }): EndpointResource {
  return {
    id: row.id,
    object: 'webhook_endpoint',
    url: row.url,
    description: row.description,
    event_types: row.event_types,
    campaign_id: row.campaign_id,
    status: row.status,
    disabled_reason: row.disabled_reason,
    failing_since: isoOf(row.failing_since),
    signature: row.signature,
    max_concurrency: row.max_concurrency,
    rate_limit_per_second: row.rate_limit_per_second,
    metadata: row.metadata,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    ...more,
  }
}

export interface AttemptResource {
  readonly attempt: number
  readonly started_at: string
  readonly milliseconds: number
  /** HTTP status; null when there was no answer. */
  readonly status: number | null
  readonly error: string | null
  readonly response_excerpt: string | null
  /** Asked for by hand, beside the schedule. */
  readonly manual: boolean
}

export interface DeliveryResource {
  readonly id: string
  readonly object: 'delivery'
  readonly endpoint_id: string
  readonly event_id: string
  readonly status: DeliveryRow['status']
  readonly attempt_count: number
  /** The next attempt; null when there is none. */
  readonly due_at: string | null
  readonly delivered_at: string | null
  readonly last_status: number | null
  readonly last_error: string | null
  readonly created_at: string
  readonly updated_at: string
  /** Only in the answer about one delivery: a list of them would be megabytes. */
  readonly attempts?: AttemptResource[]
}

export function presentDelivery(row: DeliveryRow): DeliveryResource {
  return {
    id: row.id,
    object: 'delivery',
    endpoint_id: row.endpoint_id,
    event_id: row.event_id,
    status: row.status,
    attempt_count: row.attempt_count,
    due_at: row.status === 'due' ? row.due_at.toISOString() : null,
    delivered_at: isoOf(row.delivered_at),
    last_status: row.last_status,
    last_error: row.last_error,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

export const presentAttempt = (row: AttemptLogRow): AttemptResource => ({
  attempt: row.attempt,
  started_at: row.started_at.toISOString(),
  milliseconds: row.milliseconds,
  status: row.status,
  error: row.error,
  response_excerpt: row.response_excerpt,
  manual: row.manual,
})
