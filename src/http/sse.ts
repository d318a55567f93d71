/**
 * Server-sent events of a campaign (WHATWG HTML, "Server-sent events"): every event with an id, in commit order, so that
 * a reader who comes back with `Last-Event-ID` misses none and gets none twice.
 */
import { setTimeout as delay } from 'node:timers/promises'

export interface StreamedEvent {
  /** Where to go on after it. */
  readonly cursor: string
  readonly type: string
  /** JSON, in one line. */
  readonly body: string
}

/** Resolves when something may have happened, or after so many milliseconds; rejects when aborted. */
export type WaitForEvents = (ms: number, signal: AbortSignal) => Promise<void>

interface StreamOptions {
  readonly after: string | undefined
  readonly read: (after: string | undefined) => Promise<readonly StreamedEvent[]>
  readonly wait: WaitForEvents
  /** @throws when the reader's key is no longer valid */
  readonly check: () => Promise<unknown>
  readonly monotonic: () => number
  readonly signal: AbortSignal
}

const heartbeatMs = 15_000
/** A notification can come before older transactions have ended, and can get lost. */
const lookMs = 1_000

/** The wait of a process that listens to nobody: it looks once in a while. */
export const plainWait: WaitForEvents = async (ms, signal) => {
  await delay(ms, undefined, { signal })
}

const frame = ({ cursor, type, body }: StreamedEvent) => `id: ${cursor}\nevent: ${type}\ndata: ${body}\n\n`

/** Ends when `signal` is aborted or the key is revoked; the reader connects again by itself. */
export async function* streamEvents({ after, read, wait, check, monotonic, signal }: StreamOptions): AsyncGenerator<string> {
  yield 'retry: 2000\n\n'
  let cursor = after
  let quietSince = monotonic()
  while (!signal.aborted) {
    const events = await read(cursor)
    for (const event of events) yield frame(event)
    cursor = events.at(-1)?.cursor ?? cursor
    if (events.length > 0) quietSince = monotonic()
    else if (monotonic() - quietSince >= heartbeatMs) {
      quietSince = monotonic()
      yield ': heartbeat\n\n'
    }
    const goesOn = await Promise.all([check(), events.length === 0 && wait(lookMs, signal)]).then(
      () => true,
      () => false,
    )
    if (!goesOn) return
  }
}
