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

/** Rows that a worker holds on their way to submission take a seat too, or each tick would fill the same room again. */
async function plannedWithin(trx: Transaction<Tables>, room: ReadonlyMap<string, number>, window: number): Promise<WakeUp[]> {
  const { rows } = await sql<WakeUp>`
    with room as (select * from unnest(${[...room.keys()]}::text[], ${[...room.values()]}::int[]) as room (model, seats)),
    wanted as (
      select w.id, w.starts, w.model, w.workspace_id, w.due_at, (w.lease_until > now()) is true as held, min(c.priority) as priority
      from generations w join shots s on s.generation_id = w.id join campaigns c on c.id = s.campaign_id
      where w.status = 'planned' and w.due_at <= now() and w.model in (select model from room) and ${campaignRuns}
      group by w.id),
    ranked as (
      select *, row_number() over (partition by model, workspace_id order by held desc, priority, due_at, id) as round from wanted),
    seated as (
      select *, row_number() over (partition by model order by held desc, round, priority, due_at, id) as seat from ranked)
    select id, starts from seated join room using (model) where seat <= seats and not held
    order by round, priority, due_at, id limit ${Math.max(window, 0)}`.execute(trx)
  return rows
}
