/** Applies migrations/*.sql in the order of their names, each in one transaction with the record that it was applied. */
import { withClient } from './client.ts'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { Client } from 'pg'

export interface Migration {
  readonly name: string
  readonly sql: string
  /** Hex, of the file's text. */
  readonly sha256: string
}

/** The database and this version of Spotsmith do not fit together; the message says what to do. */
export class SchemaMismatch extends Error {
  override readonly name = 'SchemaMismatch'
}

const folder = new URL('./migrations/', import.meta.url)

/** Held for the length of a migration; any number that no other program on the database is likely to take. */
const advisoryLock = 7_361_420_551

async function readMigration(name: string): Promise<Migration> {
  const sql = await readFile(new URL(name, folder), 'utf8')
  return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
}

/** The migrations of this version, oldest first. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(names.map(readMigration))
}

interface Applied {
  readonly name: string
  readonly sha256: string
}

/** What is still to be applied. @throws SchemaMismatch when the database is newer than we are, or a migration was edited */
export function pendingMigrations(known: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const byName = new Map(known.map((migration) => [migration.name, migration]))
  for (const { name, sha256 } of applied) {
    const migration = byName.get(name)
    if (!migration) {
      throw new SchemaMismatch(
        `The database has migration ${name}, which this version of Spotsmith does not know. Run the version that applied it, or a newer one.`,
      )
    }
    if (migration.sha256 !== sha256) {
      throw new SchemaMismatch(
        `Migration ${name} was edited after it was applied to this database. Restore the file, or start with an empty database.`,
      )
    }
  }
  const done = new Set(applied.map(({ name }) => name))
  return known.filter(({ name }) => !done.has(name))
}

async function readApplied(client: Client): Promise<readonly Applied[]> {
  await client.query(
    `create table if not exists schema_migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now())`,
  )
  const { rows } = await client.query<Applied>('select name, sha256 from schema_migrations order by name')
  return rows
}

async function apply(client: Client, { name, sql, sha256 }: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(sql)
    await client.query('insert into schema_migrations (name, sha256) values ($1, $2)', [name, sha256])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(`Migration ${name} failed: ${(error as Error).message}`, { cause: error })
  }
}

async function migrateLocked(client: Client, known: readonly Migration[]): Promise<readonly string[]> {
  const pending = pendingMigrations(known, await readApplied(client))
  for (const migration of pending) await apply(client, migration)
  return pending.map(({ name }) => name)
}

/**
 * Brings the schema up to date. Processes that start together wait for each other: the advisory lock belongs to the
 * session, so a process that dies in the middle frees it.
 * @returns the names of what was applied now
 * @throws SchemaMismatch
 */
export async function migrate(connectionString: string, known?: readonly Migration[]): Promise<readonly string[]> {
  const migrations = known ?? (await readMigrations())
  return withClient(connectionString, async (client) => {
    await client.query('select pg_advisory_lock($1)', [advisoryLock])
    return migrateLocked(client, migrations)
  })
}
