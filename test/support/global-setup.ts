/** One Postgres server for the whole run, with a migrated template database; see database.ts. */
import { withClient } from '#src/database/client.ts'
import { migrate } from '#src/database/migrate.ts'
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.ts'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

export interface TestServer {
  /** Of a maintenance database, from which others are created. */
  readonly url: string
  /** A database with the whole schema, to be cloned. */
  readonly template: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestServer
  }
}

const execute = (url: string, sql: string) => withClient(url, (client) => client.query(sql))

async function makeTemplate(url: string): Promise<TestServer> {
  const template = `test_${randomBytes(5).toString('hex')}`
  await execute(url, `create database ${template}`)
  const address = new URL(url)
  address.pathname = template
  await migrate(address.href)
  return { url, template }
}

/** TEST_DATABASE_URL (its user must be allowed to create databases), else an embedded server in a temporary folder. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await using cleanup = new AsyncDisposableStack()
  let url = process.env['TEST_DATABASE_URL']
  if (!url) {
    const dataDir = await mkdtemp(join(tmpdir(), 'spotsmith-test-'))
    cleanup.defer(() => rm(dataDir, { recursive: true, force: true }))
    const server = await startEmbeddedPostgres({ dataDir, durable: false })
    cleanup.defer(() => server.close())
    url = server.connectionString
  }
  const server = await makeTemplate(url)
  cleanup.defer(async () => void (await execute(server.url, `drop database if exists ${server.template} with (force)`)))
  project.provide('postgres', server)
  const opened = cleanup.move()
  return () => opened.disposeAsync()
}
