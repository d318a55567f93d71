import { foldCounters } from '#src/queue/fold-counters.ts'
import { createTestDatabase } from '#test/support/database.ts'
import { addCampaign, addRenditions, addWorkspace } from './rows.ts'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'

const database = await createTestDatabase()
const { db } = database
afterAll(() => database.close())

const fold = () => db.transaction().execute(foldCounters)
const deltas = async () => (await sql<{ n: number }>`select count(*) as n from counter_deltas`.execute(db)).rows[0]!.n
const counts = (campaign: string) =>
  db
    .selectFrom('campaign_counts')
    .select(['entity', 'status', 'count'])
    .where('campaign_id', '=', campaign)
    .where('count', '<>', 0)
    .orderBy('entity')
    .orderBy('status')
    .execute()

test('folded or not, the counts are those of the rows', async () => {
  const campaign = await addCampaign(db, await addWorkspace(db))
  const ids = await addRenditions(db, campaign, 30)
  const before = await counts(campaign)
  expect(before).toEqual([
    { entity: 'renditions', status: 'waiting', count: 30 },
    { entity: 'variants', status: 'planned', count: 30 },
  ])
  await fold()
  expect(await deltas()).toBe(0)
  expect(await counts(campaign)).toEqual(before)
  for (const id of ids.slice(0, 10)) await sql`update renditions set status = 'ready' where id = ${id}`.execute(db)
  await sql`delete from renditions where id = ${ids[29]!}`.execute(db)
  expect(await deltas()).toBeGreaterThan(0)
  const after = [
    { entity: 'renditions', status: 'ready', count: 10 },
    { entity: 'renditions', status: 'waiting', count: 19 },
    { entity: 'variants', status: 'planned', count: 30 },
  ]
  expect(await counts(campaign)).toEqual(after)
  await Promise.all([fold(), fold()])
  expect(await counts(campaign)).toEqual(after)
  expect(await deltas()).toBe(0)
})
