/** Pulls plugs at random while a campaign runs, until it is done and there were enough. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Chance } from './random.ts'
import type { Stage } from './stage.ts'

export interface Kill {
  readonly name: string
  readonly at: number
}

export interface KillOptions {
  readonly kills: number
  readonly leastMs: number
  readonly mostMs: number
}

/** One process at a time; the next one dies whether or not the last one is back. */
export async function killAtRandom({ fleet }: Stage, chance: Chance, { kills, leastMs, mostMs }: KillOptions): Promise<Kill[]> {
  const done: Kill[] = []
  while (done.length < kills) {
    await delay(chance.between(leastMs, mostMs))
    const name = chance.pick(fleet.names)
    done.push({ name, at: Date.now() })
    await fleet.restart(name)
  }
  return done
}

/** Kills the only process, some time after it answers: one that dies while it starts makes no progress. */
export async function killWhenReady(stage: Stage, chance: Chance, { kills, leastMs, mostMs }: KillOptions): Promise<void> {
  for (let done = 0; done < kills; done++) {
    await stage.fleet.call('GET', '/livez')
    await delay(chance.between(leastMs, mostMs))
    await stage.fleet.restart('all')
  }
}
