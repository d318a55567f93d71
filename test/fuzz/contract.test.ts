/**
 * Valid and broken requests for every operation of openapi.yaml against the running service.
 * FUZZ_CASES and FUZZ_SEED set how many and which; a run prints its seed.
 */
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createInstallation, type Installation, type Program } from '#test/support/program.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDescription } from './description.ts'
import { createRunner } from './run.ts'
import { createWorld, type World } from './world.ts'

const cases = Number(process.env['FUZZ_CASES'] ?? 10_000)
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000)
const description = readDescription()

let database: TestDatabase
let installation: Installation
let program: Program
let world: World

beforeAll(async () => {
  database = await createTestDatabase()
  installation = await createInstallation({
    DATABASE_URL: database.connectionString,
    REQUESTS_PER_MINUTE: '1000000',
    COMPOSITOR_PROCESSES: '1',
    LOG_LEVEL: 'error',
  })
  program = await installation.start()
  world = await createWorld(program, installation.apiKey)
})
afterAll(async () => {
  await installation.close()
  await database.close()
})

describe('the contract', () => {
  it(`holds for ${cases} requests (seed ${seed})`, { timeout: cases * 60 + 120_000 }, async () => {
    const runner = createRunner(program.url, description, world)
    try {
      await runner.run(cases, seed)
    } finally {
      await runner.close()
    }
    expect(runner.faults()).toEqual([])
    expect([...runner.statuses.keys()].sort()).toEqual(description.operations.map(({ id }) => id).sort())
  })
})
