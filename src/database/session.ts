/** One connection of the pool for work that Kysely alone cannot do: COPY inside a transaction. */
import { Kysely, PostgresDialect } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { createJsonPlugin } from './client-json.ts'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export interface Session {
  /** Everything that runs here, transactions too, runs on `client`. */
  readonly db: Db
  /** For COPY. */
  readonly client: PoolClient
}

/** A Db whose every query goes over the one connection. */
function dbOver(client: PoolClient): Db {
  const connection = {
    query: client.query.bind(client),
    release: () => {},
  }
  const pool = { connect: () => Promise.resolve(connection), end: () => Promise.resolve() }
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as never }), plugins: [createJsonPlugin()] })
}

/** Borrows a connection for `work`. After a fault it is closed: a half-sent COPY must not meet the next borrower. */
export async function withSession<T>(pool: Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  // A borrowed connection that breaks must fail its next query, not end the process.
  const ignore = () => {}
  client.on('error', ignore)
  let failed = true
  try {
    const result = await work({ db: dbOver(client), client })
    failed = false
    return result
  } finally {
    client.off('error', ignore)
    client.release(failed)
  }
}
