/** The end of a run: everything delivered, then the history check over rows, store, bill and receiver. */
import { withClient } from '#src/database/client.ts'
import { checkHistory, type Query } from '#test/support/history.ts'
import { setTimeout as delay } from 'node:timers/promises'
import type { Stage } from './stage.ts'

async function untilDelivered({ fleet }: Stage): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const { body } = await fleet.call<{ data: unknown[] }>('GET', '/v1/deliveries?status=due&limit=1')
    if (body.data.length === 0) return
    await delay(200)
  }
  throw new Error('Deliveries stay due.')
}

/** Stops the fleet. @returns what is wrong; empty when all is well */
export async function verdictOf(stage: Stage): Promise<Record<string, string[]>> {
  await untilDelivered(stage)
  await stage.fleet.stop()
  const { simulator, store, receiver } = stage
  return await stage.withDatabase((connectionString) =>
    withClient(connectionString, async (client) => {
      const query: Query = async (text, values = []) => (await client.query(text, values)).rows as Record<string, unknown>[]
      return await checkHistory({ query, store, simulator, received: receiver.received })
    }),
  )
}
