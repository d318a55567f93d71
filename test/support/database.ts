/** A migrated database of its own for a test file: cloned from the template in some milliseconds. */
import type { TestServer } from './global-setup.ts'
import { createDatabase, type Database, withClient } from '#src/database/client.ts'
import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'

export interface TestDatabase extends Database {
  readonly connectionString: string
}

const execute = (url: string, sql: string) => withClient(url, (client) => client.query(sql))

/** An empty database (no schema), for what creates its own. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return openClone('template0')
}

/** `const database = await createTestDatabase()`, and `afterAll(() => database.close())`, which drops it. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return openClone(inject('postgres').template)
}

async function openClone(template: string): Promise<TestDatabase> {
  const { url }: TestServer = inject('postgres')
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(url, `create database ${name} template ${template} strategy file_copy`)
  const address = new URL(url)
  address.pathname = name
  const connectionString = address.href
  const database = createDatabase({ connectionString, max: 10, applicationName: 'test' })
  const close = async () => {
    await database.close()
    await execute(url, `drop database if exists ${name} with (force)`)
  }
  return { ...database, connectionString, close }
}
