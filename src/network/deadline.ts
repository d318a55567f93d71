/** One time limit over everything that a request does, joined with the caller's signal. */
import { type Failed, failed } from './failure.ts'

export interface Deadline {
  readonly signal: AbortSignal
  /** Why the signal fired; undefined while it has not. */
  readonly failure: () => Failed | undefined
  /** Call it when the request has ended: thousands of requests a second must not leave their timers behind. */
  readonly clear: () => void
}

export function createDeadline({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Deadline {
  const controller = new AbortController()
  let failure: Failed | undefined
  const end = (why: Failed) => {
    failure ??= why
    controller.abort()
  }
  const giveUp = () => end(failed('aborted', 'The request was given up by this side.'))
  const timer = setTimeout(() => end(failed('timeout', `There was no answer within ${timeoutMs / 1000} s.`)), timeoutMs)
  if (signal?.aborted) giveUp()
  else signal?.addEventListener('abort', giveUp, { once: true })
  return {
    signal: controller.signal,
    failure: () => failure,
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
    },
  }
}
