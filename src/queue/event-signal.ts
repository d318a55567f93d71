/** Says that events were committed: one listening connection a process, however many read along. */
import type { Db } from '#src/database/client.ts'
import { sql } from 'kysely'
import { setTimeout as delay } from 'node:timers/promises'
import { createListener } from './nudges.ts'

const channel = 'spotsmith_events'

/** In the transaction of the events. */
export async function announceEvents(db: Db): Promise<void> {
  await sql`select pg_notify(${channel}, '')`.execute(db)
}

export function createEventSignal(options: { readonly connectionString: string; readonly onError: (error: unknown) => void }) {
  let next = Promise.withResolvers<void>()
  const fire = () => {
    next.resolve()
    next = Promise.withResolvers()
  }
  const listener = createListener({ ...options, channel, onConnected: fire, onPayload: fire })
  return {
    start: listener.start,
    close: listener.close,
    /** Until the next announcement, or for so many milliseconds. @throws when aborted */
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      using stop = new DisposableStack()
      const timer = new AbortController()
      stop.defer(() => timer.abort())
      const timeout = delay(ms, undefined, { signal: AbortSignal.any([signal, timer.signal]) })
      timeout.catch(() => {})
      await Promise.race([next.promise, timeout])
      signal.throwIfAborted()
    },
  }
}
