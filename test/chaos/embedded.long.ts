/** One process with everything embedded, killed 200 times in the middle of its work. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CampaignOptions } from './campaign.ts'
import { killWhenReady } from './kills.ts'
import { type Chance, openChance } from './random.ts'
import { openStage, type Stage } from './stage.ts'
import { survive, unharmed } from './survive.ts'
import { verdictOf } from './verdict.ts'

let chance: Chance
let stage: Stage
beforeAll(async () => {
  chance = openChance('embedded')
  stage = await openStage({ chance, workers: 0 })
})
afterAll(() => stage.close())

const campaign: CampaignOptions = { name: 'chaos', variants: 500, clips: 60 }

test('200 kills, with answers lost on the way', async () => {
  stage.simulator.order({ fault: 'reset', accept: true, times: null, percent: 10 })
  const kills = () => killWhenReady(stage, chance, { kills: 200, leastMs: 0, mostMs: 3000 })
  expect(await survive(stage, campaign, kills)).toEqual(unharmed(campaign))
})

test('rows, store, bill and receiver agree', async () => expect(await verdictOf(stage)).toEqual({}))
