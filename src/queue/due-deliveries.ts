/**
 * Due deliveries: each enabled endpoint gives as many as it may have under way, workspaces and their endpoints take turns,
 * so a dead endpoint holds up nobody else.
 */
import type { Tables } from '#src/database/tables.ts'
import { dueOf, type FindDue } from './due.ts'
import { endpointTakes, isFree } from './eligibility.ts'
import type { WakeUp } from './run-queue.ts'
import { type RawBuilder, sql, type Transaction } from 'kysely'

interface Candidate extends WakeUp {
  readonly endpoint_id: string
  readonly rate: number | null
}

/**
 * An endpoint that has answered nothing but failures for this long is asked with one delivery at a time, and all such
 * endpoints together hold this many of the workers' slots at most: those that never answer keep a slot for 15 seconds each.
 */
const probedAfterSeconds = 30
const mostProbes = 128

/** Rate-limited endpoints get a fifth of a second's worth at a time: no bursts, and a prompt start. */
const slicesPerSecond = 5

export const dueDeliveries: FindDue = async (trx, window) => {
  const rows = await candidates(trx, window)
  const limited = rows.filter((row) => row.rate !== null)
  if (limited.length > 0) await grant(trx, limited)
  return { items: rows, more: dueOf(rows, window).more || (await limitedWait(trx)) }
}

/**
 * What is under way is counted among an endpoint's oldest due rows, four times as many as it may have at once: leases are
 * taken from that end, so the index is read a few rows deep however long the backlog is.
 */
async function candidates(trx: Transaction<Tables>, window: number): Promise<Candidate[]> {
  const { rows } = await sql<Candidate>`
    with ready as (
      select e.id, e.workspace_id, e.rate_limit_per_second as rate, probed,
        case when probed then 1 else e.max_concurrency end as most
      from webhook_endpoints e, coalesce(e.failing_since < now() - ${probedAfterSeconds} * interval '1 second', false) as probed
      where ${endpointTakes}
        and (e.rate_limit_per_second is null or e.next_send_at is null or e.next_send_at <= now() + interval '0.1 second')
        and exists (select from deliveries w where w.endpoint_id = e.id and w.status = 'due' and w.due_at <= now())),
    heads as (
      select head.*, e.id as endpoint_id, e.workspace_id, e.rate,
        count(*) filter (where head.held and e.probed) over () as probes,
        e.probed, least(e.most - count(*) filter (where head.held) over (partition by e.id),
          ceil(e.rate / ${slicesPerSecond}::float8)) as room
      from ready e cross join lateral (
        select w.id, w.starts, w.due_at, (w.lease_until > now()) is true as held from deliveries w
        where w.endpoint_id = e.id and w.status = 'due' and w.due_at <= now()
        order by w.due_at, w.id limit e.most * 4) head),
    seated as (
      select *, row_number() over (partition by endpoint_id order by due_at, id) as seat from heads where not held),
    ranked as (
      select *, row_number() over (partition by workspace_id order by seat, due_at, id) as round from seated where seat <= room),
    lanes as (select *, row_number() over (partition by probed order by round, due_at, id) as place from ranked)
    select id, starts, endpoint_id, rate from lanes where not probed or place + probes <= ${mostProbes}
    order by round, due_at, id limit ${window}`.execute(trx)
  return rows
}

/**
 * A granted row is out of the top-up's sight for a while, so that it is counted once; `lease_until` without a token says so,
 * and a claim takes such a row. If the wake-up is lost, the row is granted again when the time is over.
 */
async function grant(trx: Transaction<Tables>, rows: readonly Candidate[]): Promise<void> {
  await sql`
    update deliveries set lease_until = now() + interval '5 seconds' where id = any(${rows.map((row) => row.id)})
      and lease_token is null`.execute(trx)
  await sql`
    update webhook_endpoints e set next_send_at = greatest(next_send_at, now()) + n * interval '1 second' / e.rate_limit_per_second
    from (select endpoint_id, count(*) as n from unnest(${rows.map((row) => row.endpoint_id)}::text[]) as granted (endpoint_id)
      group by 1) granted
    where e.id = granted.endpoint_id`.execute(trx)
}

/**
 * The id of the delivery that a worker may go on with when one of the endpoint `endpointId` has succeeded: the oldest that
 * is free, unless the endpoint has as many under way as it may, a rate limit, or failures.
 */
export const nextOfEndpoint = (endpointId: string): RawBuilder<unknown> => sql`
  select w.id from webhook_endpoints e join deliveries w on w.endpoint_id = e.id and w.status = 'due'
  where e.id = ${endpointId} and ${endpointTakes} and e.rate_limit_per_second is null and e.failing_since is null and ${isFree}
    and e.max_concurrency > (select count(*) from (
      select h.lease_until from deliveries h where h.endpoint_id = e.id and h.status = 'due' and h.due_at <= now()
      order by h.due_at, h.id limit e.max_concurrency * 2) h where h.lease_until > now())
  order by w.due_at, w.id limit 1 for update of w skip locked`

/** Whether an endpoint with a rate limit has deliveries left whose turn comes before the next second. */
async function limitedWait(trx: Transaction<Tables>): Promise<boolean> {
  const { rows } = await sql<{ waits: boolean }>`
    select exists (
      select from webhook_endpoints e join deliveries w on w.endpoint_id = e.id and w.status = 'due'
      where ${endpointTakes} and e.rate_limit_per_second is not null and ${isFree}) as waits`.execute(trx)
  return rows[0]?.waits === true
}
