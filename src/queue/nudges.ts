/** A nudge says that work of a kind may be due now. It saves up to a second; losing one costs no more than that. */
import type { Db } from '#src/database/client.ts'
import { type WorkKind, workKinds } from './run-queue.ts'
import { sql } from 'kysely'
import { Client } from 'pg'

const channel = 'spotsmith_work'
const reconnectMs = 1_000

/** In the caller's transaction: it arrives when that commits, once a kind, and not at all when it rolls back. */
export async function nudge(db: Db, kind: WorkKind): Promise<void> {
  await sql`select pg_notify(${channel}, ${kind})`.execute(db)
}

interface ListenerOptions {
  readonly connectionString: string
  readonly channel: string
  readonly onPayload: (payload: string | undefined) => void
  /** Whatever was announced while nobody listened is lost. */
  readonly onConnected: () => void
  readonly onError: (error: unknown) => void
}

export interface NudgeListenerOptions {
  readonly connectionString: string
  readonly onNudge: (kind: WorkKind) => void
  readonly onError: (error: unknown) => void
}

export type NudgeListener = ReturnType<typeof createNudgeListener>

export const createNudgeListener = ({ connectionString, onNudge, onError }: NudgeListenerOptions) =>
  createListener({
    connectionString,
    channel,
    onPayload: (payload) => workKinds.filter((kind) => kind === payload).forEach(onNudge),
    onConnected: () => workKinds.forEach(onNudge),
    onError,
  })

/** Listens on a connection of its own, and connects again when that breaks. */
export function createListener({ connectionString, channel, onPayload, onConnected, onError }: ListenerOptions) {
  let client: Client | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  async function connect(): Promise<void> {
    const next = new Client({ connectionString, keepAlive: true, application_name: channel })
    client = next
    next.on('notification', ({ payload }) => onPayload(payload))
    next.on('error', (error) => lost(next, error))
    next.on('end', () => lost(next))
    try {
      await next.connect()
      await next.query(`listen ${channel}`)
      onConnected()
    } catch (error) {
      lost(next, error)
    }
  }

  function lost(broken: Client, error?: unknown): void {
    if (client !== broken) return
    client = undefined
    if (error !== undefined) onError(error)
    broken.end().catch(() => {})
    if (!closed) retry = setTimeout(() => void connect(), reconnectMs)
  }

  return {
    /** Resolves when it listens, or when the first try failed: it goes on trying, and never rejects. */
    start: connect,
    async close(): Promise<void> {
      closed = true
      clearTimeout(retry)
      const last = client
      client = undefined
      await last?.end().catch(() => {})
    },
  }
}
