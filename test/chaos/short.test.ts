/** The short form of the chaos suite; the long one is `npm run test:chaos`. */
import { redisIsHere } from '#test/support/redis.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { campaignOf, launch, untilCampaign } from './campaign.ts'
import { openChance } from './random.ts'
import { openStage } from './stage.ts'
import { verdictOf } from './verdict.ts'

const minute = 60_000

describe.runIf(redisIsHere())('one API and two workers on Redis', () => {
  test(
    'killed, frozen and robbed of the run-queue: every variant once, every clip paid for once',
    async () => {
      const chance = openChance('short')
      const stage = await openStage({ chance, workers: 2 })
      try {
        const { fleet, simulator } = stage
        // Answers that are lost although the vendor has the job: found, never bought again.
        // By key, for an absence in a list is believed only after two minutes.
        simulator.set({ idempotent: true })
        simulator.order({ fault: 'reset', accept: true, times: 2 })
        simulator.order({ fault: 'no_id', times: 1 })
        simulator.order({ fault: 'poll_error', times: 5 })
        const id = await launch(stage, { name: 'short', variants: 48, clips: 8, model: 'sim-key/wan-3.0' })
        for (let kills = 0; kills < 6 && (await campaignOf(stage, id)).status !== 'completed'; kills++) {
          await delay(chance.between(300, 2000))
          await fleet.restart(chance.pick(fleet.names))
          if (kills === 2) await stage.flushRedis()
        }
        fleet.signal('worker-1', 'SIGSTOP')
        await delay(10_000)
        fleet.signal('worker-1', 'SIGCONT')
        const done = await untilCampaign(stage, id, ({ status }) => status === 'completed', 4 * minute)
        expect(done.counts.variants).toMatchObject({ ready: 48, failed: 0 })
        expect(simulator.jobs.all()).toHaveLength(8)
        expect(await verdictOf(stage)).toEqual({})
      } finally {
        await stage.close()
      }
    },
    6 * minute,
  )
})
