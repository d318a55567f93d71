/** What must hold before we work on a database; each fault says what to do, and none shows the password. */
import { withClient } from './client.ts'
import type { Client } from 'pg'

export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable'
}

const oldestVersion = 15
/** Leases, schedules and link expiries mix our clock with the database's. */
const maxSkewMs = 2_000

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Start Postgres, or correct DATABASE_URL',
  ENOTFOUND: 'there is no such host. Correct DATABASE_URL',
  EAI_AGAIN: 'the host name cannot be looked up. Correct DATABASE_URL, or the name server',
  ETIMEDOUT: 'it did not answer. Correct DATABASE_URL, or open the firewall',
  '28P01': 'the password was refused. Correct DATABASE_URL',
  '28000': 'the user was refused. Correct DATABASE_URL, or pg_hba.conf',
  '3D000': 'there is no such database. Create it, or correct DATABASE_URL',
  '53300': 'it has no free connection. Raise max_connections, or lower DATABASE_POOL',
  '57P03': 'it is still starting. Try again in a moment',
  '42501': 'the user lacks a right. Grant it CREATE on the database and on its schema "public"',
}

function where(connectionString: string): string {
  const { hostname, port, pathname } = new URL(connectionString)
  return `${hostname}:${port || 5432}${pathname}`
}

/** Node tries every address of a name and reports them together. */
function codeOf(error: unknown): string {
  const { code, errors } = error as { code?: string; errors?: readonly unknown[] }
  return code ?? (errors?.length ? codeOf(errors[0]) : '')
}

function unreachable(error: unknown, connectionString: string): DatabaseUnusable {
  const code = codeOf(error)
  const reason = explanations[code] ?? `${(error as Error).message || code || 'it failed without a reason'}. Check DATABASE_URL`
  return new DatabaseUnusable(`The database at ${where(connectionString)} cannot be used: ${reason}.`, { cause: error })
}

interface Facts {
  readonly version: number
  readonly encoding: string
  readonly read_only: string
  readonly time: Date
}

const factsQuery = `select current_setting('server_version_num')::int / 10000 as version, current_setting('server_encoding') as encoding,
  current_setting('transaction_read_only') as read_only, clock_timestamp() as time`

/** Positive when the database is ahead; half of the round trip is not held against it. */
function skewMs(before: number, database: number, after: number): number {
  if (database < before) return database - before
  return database > after ? database - after : 0
}

function findFault(facts: Facts, skew: number): string | undefined {
  if (facts.version < oldestVersion) return `it is Postgres ${facts.version}. Use Postgres ${oldestVersion} or newer`
  if (facts.encoding !== 'UTF8') return `its encoding is ${facts.encoding}. Use a database with the encoding UTF8`
  if (facts.read_only === 'on') return 'it is read-only. Give DATABASE_URL of the primary'
  if (Math.abs(skew) <= maxSkewMs) return undefined
  const direction = skew > 0 ? 'ahead of' : 'behind'
  return `its clock is ${(Math.abs(skew) / 1000).toFixed(1)} s ${direction} ours. Set both clocks (NTP) to within ${maxSkewMs / 1000} s`
}

async function readFacts(client: Client, now: () => number): Promise<{ facts: Facts; skew: number }> {
  const before = now()
  const { rows } = await client.query<Facts>(factsQuery)
  const facts = rows[0]!
  return { facts, skew: skewMs(before, facts.time.getTime(), now()) }
}

/**
 * @param now milliseconds since the epoch
 * @throws DatabaseUnusable when it cannot be reached, is older than Postgres 15, is not UTF8, is read-only, or its clock is
 *   more than 2 s away from ours
 */
export async function checkDatabase(connectionString: string, now: () => number): Promise<void> {
  const seen = await withClient(connectionString, (client) => readFacts(client, now)).catch((error: unknown) => {
    throw unreachable(error, connectionString)
  })
  const fault = findFault(seen.facts, seen.skew)
  if (fault) throw new DatabaseUnusable(`The database at ${where(connectionString)} cannot be used: ${fault}.`)
}
