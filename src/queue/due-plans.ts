/** Due plans, in turn between workspaces. There are never many. */
import { dueOf, type FindDue } from './due.ts'
import { isFree } from './eligibility.ts'
import type { WakeUp } from './run-queue.ts'
import { sql } from 'kysely'

export const duePlans: FindDue = async (trx, window) => {
  const { rows } = await sql<WakeUp>`
    with ranked as (
      select w.id, w.starts, w.due_at, c.priority,
        row_number() over (partition by w.workspace_id order by c.priority, w.due_at, w.id) as round
      from plans w join campaigns c on c.id = w.campaign_id
      where w.status = 'waiting' and ${isFree})
    select id, starts from ranked order by round, priority, due_at, id limit ${window}`.execute(trx)
  return dueOf(rows, window)
}
