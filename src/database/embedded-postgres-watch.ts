/** Looks after a server that is not our child: one that died (out of memory, a stray kill) is started again. */

export interface WatchOptions {
  readonly isRunning: () => Promise<boolean>
  readonly restart: () => Promise<void>
  readonly onRestarted: () => void
  /** It could not be started; the next look tries again. */
  readonly onFault: (error: unknown) => void
  readonly intervalMs?: number
}

export interface Watch {
  /** Waits for a restart at work. Idempotent. */
  close(): Promise<void>
}

export function watchServer({ isRunning, restart, onRestarted, onFault, intervalMs = 1_000 }: WatchOptions): Watch {
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    try {
      if (await isRunning()) return
      await restart()
      onRestarted()
    } catch (error) {
      onFault(error)
    } finally {
      looking = undefined
    }
  }

  const timer = setInterval(() => void (looking ??= look()), intervalMs)
  return {
    async close() {
      clearInterval(timer)
      await looking
    },
  }
}
