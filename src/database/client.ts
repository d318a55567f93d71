/**
 * The connection to Postgres: a pool, and Kysely over it. int8 arrives as number (an error above 2^53), timestamptz as
 * Date, and jsonb columns take any JSON value as it is (client-json.ts).
 */
import { createJsonPlugin } from './client-json.ts'
import { types } from './client-types.ts'
import type { Tables } from './tables.ts'
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'

export { json } from './client-json.ts'

/** A pool or a transaction: whoever takes a Db works in whichever it is given. */
export type Db = Kysely<Tables>

export interface DatabaseOptions {
  readonly connectionString: string
  /** Most connections of the pool. */
  readonly max?: number
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string
  /** An idle connection broke, e.g. because the server restarted; the pool replaces it by itself. */
  readonly onConnectionLost?: (error: Error) => void
}

export interface Database {
  readonly db: Db
  readonly pool: pg.Pool
  /** Waits for borrowed connections. Idempotent. */
  close(): Promise<void>
}

/** Connects lazily: no fault shows before the first query. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.max ?? 8,
    application_name: options.applicationName ?? 'spotsmith',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types,
  })
  // Without a listener a connection that breaks while idle ends the process.
  pool.on('error', (error) => options.onConnectionLost?.(error))
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: [createJsonPlugin()] })
  let closing: Promise<void> | undefined
  return { db, pool, close: () => (closing ??= db.destroy()) }
}

/**
 * Runs `work` in a transaction: in the surrounding one when `db` already is one, so that services can be combined into
 * one commit. There are no savepoints: a fault inside must end the surrounding transaction too.
 */
export function transaction<T>(db: Db, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db as Transaction<Tables>) : db.transaction().execute(work)
}
