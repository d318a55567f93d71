/**
 * Due renditions of running campaigns, in turn between workspaces. Each running campaign gives its oldest rows through
 * the index renditions_due, so the cost does not grow with the backlog.
 */
import { dueOf, type FindDue } from './due.ts'
import { campaignRuns, isFree } from './eligibility.ts'
import type { WakeUp } from './run-queue.ts'
import { sql } from 'kysely'

export const dueRenditions: FindDue = async (trx, window) => {
  const { rows } = await sql<WakeUp>`
    with heads as (
      select head.id, head.starts, head.due_at, c.workspace_id, c.priority
      from campaigns c cross join lateral (
        select w.id, w.starts, w.due_at from renditions w
        where w.campaign_id = c.id and w.status in ('waiting', 'composing') and ${isFree}
        order by w.due_at, w.id limit ${window}) head
      where ${campaignRuns}),
    ranked as (
      select *, row_number() over (partition by workspace_id order by priority, due_at, id) as round from heads)
    select id, starts from ranked order by round, priority, due_at, id limit ${window}`.execute(trx)
  return dueOf(rows, window)
}
