/** Folds the deltas that the triggers append into one row a campaign, entity and status. */
import type { Sweep } from './top-up.ts'
import { sql } from 'kysely'

const batch = 20_000

/** One statement: a reader of the view campaign_counts sees the deltas or their sum, never both or neither. */
export const foldCounters: Sweep = async (trx) => {
  const { rows } = await sql<{ folded: number }>`
    with moved as (
      delete from counter_deltas where ctid = any(array(select ctid from counter_deltas limit ${batch}))
      returning campaign_id, entity, status, delta),
    folded as (
      insert into counters (campaign_id, entity, status, count)
      select campaign_id, entity, status, sum(delta) from moved group by 1, 2, 3
      on conflict (campaign_id, entity, status) do update set count = counters.count + excluded.count)
    select count(*) as folded from moved`.execute(trx)
  return rows[0]?.folded === batch
}
