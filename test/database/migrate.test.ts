import { checkDatabase } from '#src/database/client-checks.ts'
import { migrate, type Migration, readMigrations } from '#src/database/migrate.ts'
import { createEmptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let database: TestDatabase
beforeEach(async () => {
  database = await createEmptyDatabase()
})
afterEach(() => database.close())

const step = (name: string, sql: string): Migration => ({ name, sql, sha256: `sha of ${sql}` })
const tables = async () =>
  (
    await database.pool.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public' order by 1`)
  ).rows.map(({ name }) => name)

describe('migrate', () => {
  const first = step('0001-a.sql', 'create table a (id int)')
  const second = step('0002-b.sql', 'create table b (id int)')

  test('applies what is missing, in order, once', async () => {
    expect(await migrate(database.connectionString, [first])).toEqual(['0001-a.sql'])
    expect(await migrate(database.connectionString, [first, second])).toEqual(['0002-b.sql'])
    expect(await migrate(database.connectionString, [first, second])).toEqual([])
    expect(await tables()).toEqual(['a', 'b', 'schema_migrations'])
  })

  test('the shipped migrations apply to an empty database', async () => {
    expect(await migrate(database.connectionString)).toEqual((await readMigrations()).map(({ name }) => name))
    expect(await tables()).toContain('campaigns')
  })

  test('processes that start together wait for each other', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => migrate(database.connectionString, [first, second])))
    expect(applied.flat().toSorted()).toEqual(['0001-a.sql', '0002-b.sql'])
  })

  test('a database of a newer version is refused', async () => {
    await migrate(database.connectionString, [first, second])
    await expect(migrate(database.connectionString, [first])).rejects.toThrow(/0002-b\.sql.*does not know/)
  })

  test('an edited migration is refused', async () => {
    await migrate(database.connectionString, [first])
    await expect(migrate(database.connectionString, [{ ...first, sha256: 'other' }])).rejects.toThrow(/0001-a\.sql was edited/)
  })

  test('a migration that fails leaves nothing of itself', async () => {
    const broken = step('0002-c.sql', 'create table c (id int); create table a (id int)')
    await expect(migrate(database.connectionString, [first, broken])).rejects.toThrow(/0002-c\.sql failed: .*"a" already exists/)
    expect(await tables()).toEqual(['a', 'schema_migrations'])
  })
})

describe('checkDatabase', () => {
  test('a healthy database passes', async () => {
    await expect(checkDatabase(database.connectionString, Date.now)).resolves.toBeUndefined()
  })

  test.each([
    ['behind', 3_000],
    ['ahead of', -3_000],
  ])('a clock that is %s ours by 3 s is refused', async (direction, offset) => {
    await expect(checkDatabase(database.connectionString, () => Date.now() + offset)).rejects.toThrow(direction)
  })

  test('a clock that is 1 s off passes', async () => {
    await expect(checkDatabase(database.connectionString, () => Date.now() - 1_000)).resolves.toBeUndefined()
  })

  test.each([
    ['password', (url: URL) => (url.password = 'wrong-secret'), /password was refused/],
    ['database', (url: URL) => (url.pathname = '/nowhere'), /no such database/],
    ['host', (url: URL) => (url.hostname = 'nowhere.invalid'), /no such host|looked up/],
  ])('a wrong %s is explained without the password', async (_, spoil, message) => {
    const url = new URL(database.connectionString)
    spoil(url)
    const error: Error = await checkDatabase(url.href, Date.now).then(
      () => expect.fail('accepted'),
      (error: unknown) => error as Error,
    )
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain(url.password)
  })

  test('a port where nothing listens is explained', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    await expect(checkDatabase(`postgres://u:p@127.0.0.1:${port}/x`, Date.now)).rejects.toThrow(/nothing listens there/)
  })
})
