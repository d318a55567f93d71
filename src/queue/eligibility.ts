/**
 * Which work may run now, as SQL. The top-up asks it to choose, the claim asks again: a wake-up that waited while its
 * campaign was paused or its endpoint disabled starts nothing.
 */
import type { WorkKind } from './run-queue.ts'
import { type RawBuilder, sql } from 'kysely'

/** The campaign `c` renders, is not paused, and its time has come. */
export const campaignRuns = sql<boolean>`(c.status = 'rendering' and c.pause_reasons = '{}' and coalesce(c.not_before <= now(), true))`

/**
 * The work item `w` is due and nobody holds it. A row with `lease_until` and no token was granted to a waiting wake-up
 * (see due-deliveries.ts): the top-up leaves it alone, a claim takes it.
 */
export const isFree = sql<boolean>`(w.due_at <= now() and (w.lease_until is null or w.lease_until <= now()))`

/** The endpoint `e` takes deliveries. */
export const endpointTakes = sql<boolean>`(e.status = 'enabled' and e.deleted_at is null)`

/** What a claim of the row `w` asks besides status, `due_at` and lease. */
export const claimGate = {
  plan: sql<boolean>`true`,
  // What was submitted is paid for: it is followed to its end whatever became of the campaign.
  generate: sql<boolean>`(w.status <> 'planned' or exists (
    select from shots s join campaigns c on c.id = s.campaign_id where s.generation_id = w.id and ${campaignRuns}))`,
  compose: sql<boolean>`exists (select from campaigns c where c.id = w.campaign_id and ${campaignRuns})`,
  deliver: sql<boolean>`exists (select from webhook_endpoints e where e.id = w.endpoint_id and ${endpointTakes})`,
} as const satisfies Record<WorkKind, RawBuilder<boolean>>
