/** Work that outlives its request: waits and callbacks, all ended by `stop`. */
import { setTimeout as sleep } from 'node:timers/promises'

export function createBackground(onError: (error: unknown) => void) {
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  return {
    signal: stopping.signal,
    run(work: Promise<void>): void {
      const tracked = work.catch(onError).finally(() => running.delete(tracked))
      running.add(tracked)
    },
    /** Ends early, and without a fault, when the simulator stops. */
    wait: (ms: number): Promise<void> => sleep(Math.max(0, ms), undefined, { signal: stopping.signal }).catch(() => undefined),
    async stop(): Promise<void> {
      stopping.abort()
      await Promise.allSettled(running)
    },
  }
}

export type Background = ReturnType<typeof createBackground>
