/**
 * The connection to Postgres: a pool, and Kysely over it. int8 arrives as number (an error above 2^53), timestamptz as
 * Date, and jsonb columns take any JSON value as it is (client-json.ts).
 */
import { createJsonPlugin } from './client-json.ts'
import { types } from './client-types.ts'
import type { Tables } from './tables.ts'
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import { Client, Pool } from 'pg'

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
  readonly pool: Pool
  /** Waits for borrowed connections. Idempotent. */
  close(): Promise<void>
}

/** Connects lazily: no fault shows before the first query. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
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

/** Runs `work` on one connection outside the pool, e.g. for what a session must hold or before the database exists. */
export async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString, application_name: 'spotsmith', connectionTimeoutMillis: 10_000, types })
  // A connection that breaks between two queries must fail the next query, not end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Runs `work` in a transaction: in the surrounding one when `db` already is one, so that services can be combined into
 * one commit. There are no savepoints: a fault inside must end the surrounding transaction too.
 */
export function transaction<T>(db: Db, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db as Transaction<Tables>) : db.transaction().execute(work)
}
