/** One API and three workers on Redis and one Postgres: 200 kills, then everything they stand on. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CampaignOptions } from './campaign.ts'
import { killAtRandom } from './kills.ts'
import { type Chance, openChance } from './random.ts'
import { openStage, type Stage } from './stage.ts'
import { survive, unharmed } from './survive.ts'
import { verdictOf } from './verdict.ts'

const minute = 60_000
let chance: Chance
let stage: Stage
beforeAll(async () => {
  chance = openChance('redis')
  stage = await openStage({ chance, workers: 3 })
})
afterAll(() => stage.close())

const campaign: CampaignOptions = { name: 'chaos', variants: 500, clips: 60 }
const small: CampaignOptions = { name: 'chaos', variants: 150, clips: 20 }

test('200 kills of API and workers, with answers lost on the way', async () => {
  stage.simulator.order({ fault: 'reset', accept: true, times: null, percent: 10 })
  stage.simulator.order({ fault: 'reset', accept: false, times: 3 })
  stage.simulator.order({ fault: 'poll_error', times: null, percent: 5 })
  const kills = () => killAtRandom(stage, chance, { kills: 200, leastMs: 100, mostMs: 2500 })
  expect(await survive(stage, campaign, kills)).toEqual(unharmed(campaign))
  stage.simulator.clearOrders()
})

async function repeat(times: number, leastMs: number, mostMs: number, disturb: () => Promise<void>): Promise<void> {
  for (let i = 0; i < times; i++) {
    await delay(chance.between(leastMs, mostMs))
    await disturb()
  }
}

/** Past the lease, one worker after the other; what each writes when it goes on must change nothing. */
async function freezeWorkers(): Promise<void> {
  for (const name of stage.workerNames) {
    await delay(2000)
    stage.fleet.signal(name, 'SIGSTOP')
    await delay(15_000)
    stage.fleet.signal(name, 'SIGCONT')
  }
}

const disturbances = {
  'FLUSHALL, five times': () => repeat(5, 1000, 4000, () => stage.flushRedis()),
  'Redis stopped for 60 s': () => repeat(1, 3000, 3000, () => stage.stopRedis(minute)),
  'Postgres restarted, five times': () => repeat(5, 2000, 6000, () => stage.restartPostgres()),
  'an object store that refuses for 60 s': () => repeat(1, 4000, 4000, () => stage.refuseStore(minute)),
  'workers frozen past their leases': freezeWorkers,
}

test.each(Object.entries(disturbances))('%s', async (_name, disturb) => {
  expect(await survive(stage, small, disturb)).toEqual(unharmed(small))
})

describe('after all of it', () => {
  test('rows, store, bill and receiver agree', async () => expect(await verdictOf(stage)).toEqual({}))
})
