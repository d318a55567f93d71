/** Callbacks as vendors make them: at the job's end; on order also at once, or twice. Missed ones are not repeated. */
import type { Background } from './background.ts'
import type { Job } from './jobs.ts'

interface Dependencies {
  readonly background: Background
  readonly now: () => number
  readonly fetch: typeof globalThis.fetch
}

export const createCallbacks =
  ({ background, now, fetch }: Dependencies) =>
  (url: string, job: Job, describe: () => unknown, { early, twice }: { early: boolean; twice: boolean }): void => {
    const post = async (): Promise<void> => {
      if (background.signal.aborted) return
      const body = JSON.stringify(describe())
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: background.signal }
      await fetch(url, init).then(
        (answer) => answer.body?.cancel(),
        () => undefined,
      )
    }
    const atTheEnd = async (): Promise<void> => {
      await background.wait(job.endsAt - now())
      await post()
      if (twice) await post()
    }
    if (early) background.run(post())
    background.run(atTheEnd())
  }
