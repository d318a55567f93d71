/**
 * Due generations: first what a crash left behind after submission and what waits to be fetched, whatever became of the
 * campaign; then planned ones that a running campaign wants, as far as their models have room, in turn between workspaces.
 */
import type { Tables } from '#src/database/tables.ts'
import { dueOf, type FindDue } from './due.ts'
import { campaignRuns, isFree } from './eligibility.ts'
import type { WakeUp } from './run-queue.ts'
import { sql, type Transaction } from 'kysely'

export interface ModelLimits {
  readonly maxInFlight: number
  readonly submitsPerMinute: number
}

/** For a model that is no longer configured: its rows must still reach a worker, which fails or moves them. */
const unknownModel: ModelLimits = { maxInFlight: 4, submitsPerMinute: 60 }

/** @param modelLimits model → limits, read at every call; they hold over all workers */
export const createDueGenerations =
  (modelLimits: () => ReadonlyMap<string, ModelLimits>): FindDue =>
  async (trx, window) => {
    const submitted = await submittedOrFetching(trx, window)
    const room = await roomByModel(trx, modelLimits())
    const planned = room.size === 0 ? [] : await plannedWithin(trx, room, window - submitted.length)
    return dueOf([...submitted, ...planned], window)
  }

async function submittedOrFetching(trx: Transaction<Tables>, window: number): Promise<WakeUp[]> {
  const { rows } = await sql<WakeUp>`
    select w.id, w.starts from generations w where w.status in ('submitting', 'fetching') and ${isFree}
    order by w.due_at, w.id limit ${window}`.execute(trx)
  return rows
}

/** How many submissions each model with planned work could take now; models that are full are left out. */
async function roomByModel(
  trx: Transaction<Tables>,
  limits: ReadonlyMap<string, ModelLimits>,
): Promise<ReadonlyMap<string, number>> {
  // The recursion jumps from model to model through the index generations_planned, past any number of rows.
  const { rows } = await sql<{ model: string; inFlight: number; lastMinute: number }>`
    with recursive models (model) as (
      select min(model) from generations where status = 'planned'
      union all
      select (select min(g.model) from generations g where g.status = 'planned' and g.model > m.model) from models m
      where m.model is not null)
    select m.model,
      (select count(*) from generations g where g.model = m.model and g.status in ('submitting', 'running')) as "inFlight",
      (select count(*) from attempts a where a.model = m.model and a.submitted_at > now() - interval '1 minute') as "lastMinute"
    from models m where m.model is not null`.execute(trx)
  return new Map(
    rows
      .map(({ model, inFlight, lastMinute }) => {
        const { maxInFlight, submitsPerMinute } = limits.get(model) ?? unknownModel
        return [model, Math.min(maxInFlight - inFlight, submitsPerMinute - lastMinute)] as const
      })
      .filter(([, room]) => room > 0),
  )
}

/**
 * Each running campaign names as many of its oldest rows as its model has seats; only those are ranked. Rows that a worker
 * holds on their way to submission take a seat too, or each look would fill the same room again.
 * `offset 0` keeps the join on the primary key: right after a launch the statistics are those of an empty table, and the
 * planner would take another index and compare every shot with every planned row, for minutes.
 */
async function plannedWithin(trx: Transaction<Tables>, room: ReadonlyMap<string, number>, window: number): Promise<WakeUp[]> {
  const { rows } = await sql<WakeUp>`
    with room as (select * from unnest(${[...room.keys()]}::text[], ${[...room.values()]}::int[]) as room (model, seats)),
    heads as (
      select head.*, room.model, room.seats, c.workspace_id, c.priority
      from campaigns c cross join room cross join lateral (
        select w.id, w.starts, w.due_at, (w.lease_until > now()) is true as held
        from shots s cross join lateral (select * from generations g where g.id = s.generation_id offset 0) w
        where s.campaign_id = c.id and w.status = 'planned' and w.model = room.model and w.due_at <= now()
        order by held desc, w.due_at, w.id limit room.seats) head
      where ${campaignRuns}),
    wanted as (select distinct on (id) * from heads order by id, priority),
    ranked as (
      select *, row_number() over (partition by model, workspace_id order by held desc, priority, due_at, id) as round from wanted),
    seated as (
      select *, row_number() over (partition by model order by held desc, round, priority, due_at, id) as seat from ranked)
    select id, starts from seated where seat <= seats and not held
    order by round, priority, due_at, id limit ${Math.max(window, 0)}`.execute(trx)
  return rows
}
