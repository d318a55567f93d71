import { createEvents } from '#src/domain/events/service.ts'
import { sunsetNotice } from '#src/domain/models/rules.ts'
import { createSunsets } from '#src/domain/models/service-sunset.ts'
import { eventTypes } from '#src/domain/events/types.ts'
import { createTestDatabase } from '#test/support/database.ts'
import { fakeCard } from '#test/support/fake-provider.ts'
import { addPlannedCampaign } from '#test/support/planned-campaign.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { afterAll, describe, expect, test } from 'vitest'

const database = await createTestDatabase()
const { db } = database
afterAll(() => database.close())

const dayMs = 86_400_000
const sunsetAt = '2026-12-31'
const daysBefore = (days: number) => Date.parse(sunsetAt) - days * dayMs + 3_600_000

test.each([
  [31, undefined],
  [30, 30],
  [8, 30],
  [7, 7],
  [2, 7],
  [1, 1],
  [0, undefined],
])('%d days before the end the notice is %s', (days, notice) => {
  expect(sunsetNotice(sunsetAt, new Date(daysBefore(days)))).toBe(notice)
})

describe('the end of a model', () => {
  test('is told 30, 7 and 1 days before, once each, to whoever depends on it, by any number of processes', async () => {
    const scope = await createTestWorkspace(db)
    const bystander = await createTestWorkspace(db)
    const wanted = { workspaceId: scope.workspaceId, models: ['sim/ending', 'sim/other'] }
    const { id } = await addPlannedCampaign(db, wanted)
    const ended = await addPlannedCampaign(db, wanted)
    await db.updateTable('campaigns').set({ status: 'completed' }).where('id', '=', ended.id).execute()
    await addPlannedCampaign(db, { workspaceId: bystander.workspaceId, models: ['sim/other'] })

    let now = daysBefore(40)
    const events = createEvents({ ids: newId, now: () => now })
    const cards = [fakeCard('sim/ending', { sunsetAt }), fakeCard('sim/other')]
    const processes = [1, 2].map(() => createSunsets({ registry: { cards: () => cards }, events, now: () => now }))
    for (let day = 40; day >= 0; day--) {
      now = daysBefore(day)
      for (const process of processes) await process.announce(db)
    }

    const { data } = await events.list(scope, { limit: 100 }, { type: 'model.sunset_soon' })
    const told = data.map((event) => eventTypes['model.sunset_soon'].data.parse(event.payload.data))
    expect(told.map(({ days }) => days)).toEqual([1, 7, 30])
    for (const each of told) expect(each).toMatchObject({ model: 'sim/ending', sunset_on: sunsetAt, campaign_ids: [id] })
    expect(told[0]!.template_ids).toHaveLength(1)
    expect((await events.list(bystander, { limit: 100 }, { type: 'model.sunset_soon' })).data).toEqual([])
  })
})
