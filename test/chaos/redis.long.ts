/** One API and three workers on Redis and one Postgres: 200 kills, then everything they stand on. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CampaignOptions, launch, untilCampaign } from './campaign.ts'
import { killAtRandom } from './kills.ts'
import { type Chance, openChance } from './random.ts'
import { openStage, type Stage } from './stage.ts'
import { verdictOf } from './verdict.ts'

const minute = 60_000
let chance: Chance
let stage: Stage
beforeAll(async () => {
  chance = openChance('redis')
  stage = await openStage({ chance, workers: 3 })
})
afterAll(() => stage.close())

const completed = ({ status }: { status: string }) => status === 'completed'
const campaign: CampaignOptions = { name: 'chaos', variants: 500, clips: 60 }
const small: CampaignOptions = { name: 'chaos', variants: 150, clips: 20 }

/** Runs a campaign under a disturbance. Every clip is bought once, whatever happened. */
async function survive(options: CampaignOptions, disturb: () => Promise<unknown>): Promise<void> {
  const before = stage.simulator.jobs.all().length
  const id = await launch(stage, options)
  await Promise.all([disturb(), untilCampaign(stage, id, completed, 40 * minute)])
  const done = await untilCampaign(stage, id, completed, minute)
  expect(done.counts.variants).toMatchObject({ ready: options.variants, failed: 0 })
  expect(done.counts.uncertain).toBe(0)
  expect(stage.simulator.jobs.all().length - before).toBe(options.clips)
}

describe('a campaign of 500 variants and 60 clips', () => {
  test('survives 200 kills of API and workers, with answers lost on the way', async () => {
    stage.simulator.order({ fault: 'reset', accept: true, times: null, percent: 10 })
    stage.simulator.order({ fault: 'reset', accept: false, times: 3 })
    stage.simulator.order({ fault: 'poll_error', times: null, percent: 5 })
    await survive(campaign, () => killAtRandom(stage, chance, { kills: 200, leastMs: 100, mostMs: 2500 }))
    stage.simulator.clearOrders()
  })
})

describe('a campaign', () => {
  test('survives FLUSHALL in the middle, five times', () =>
    survive(small, async () => {
      for (let i = 0; i < 5; i++) {
        await delay(chance.between(1000, 4000))
        await stage.flushRedis()
      }
    }))

  test('survives Redis stopped for 60 s', () =>
    survive(small, async () => {
      await delay(3000)
      await stage.stopRedis(minute)
    }))

  test('survives Postgres restarted five times', () =>
    survive(small, async () => {
      for (let i = 0; i < 5; i++) {
        await delay(chance.between(2000, 6000))
        await stage.restartPostgres()
      }
    }))

  test('survives an object store that refuses for 60 s', () =>
    survive(small, async () => {
      await delay(4000)
      await stage.refuseStore(minute)
    }))

  test('survives workers stopped with SIGSTOP past their leases and continued', () =>
    survive(small, async () => {
      for (const name of stage.workerNames) {
        await delay(2000)
        stage.fleet.signal(name, 'SIGSTOP')
        await delay(15_000)
        stage.fleet.signal(name, 'SIGCONT')
      }
    }))
})

describe('after all of it', () => {
  test('rows, store, bill and receiver agree', async () => expect(await verdictOf(stage)).toEqual({}))
})
