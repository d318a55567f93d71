/**
 * Valid and broken requests for every operation of openapi.yaml against the running service.
 * FUZZ_CASES and FUZZ_SEED set how many and which; a run prints its seed.
 */
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createInstallation, type Installation, type Program } from '#test/support/program.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corruptions, startCorruptingProxy } from './corrupting-proxy.ts'
import { readDescription } from './description.ts'
import { foreignCases } from './foreign.ts'
import { createRunner } from './run.ts'
import { createWorld, type World } from './world.ts'

const cases = Number(process.env['FUZZ_CASES'] ?? 10_000)
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000)
const description = readDescription()

/** What succeeds only in states that a random walk seldom meets; their own tests bring them about. */
const needsLuck = [
  'launchCampaign',
  'pauseCampaign',
  'resumeCampaign',
  'eraseSegment',
  'createMedia',
  'resolveGeneration',
  'retryVariant',
  'receiveCallback',
  'getFile',
  'getNamedFile',
  'approveVariant',
  'rejectVariant',
  'recomposeVariant',
  'quoteRegeneration',
  'bulkReview',
  'approveClip',
  'rejectClip',
  'getBrand',
  'replaceBrand',
  'deleteBrand',
  'deleteFormat',
  'cancelCampaign',
]

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

async function run(url: string, count: number, from: number) {
  const runner = createRunner(url, description, world)
  try {
    await runner.run(count, from)
  } finally {
    await runner.close()
  }
  return runner
}

/** A filter finds nothing; a body that names it is a fault of the body. */
const allowed = { path: [404], query: [200, 404], body: [404, 422] }

describe('another workspace', () => {
  it("has ids that lead nowhere, at every operation's every parameter", async () => {
    const runner = createRunner(program.url, description, world)
    const asked = foreignCases(description, world.other.ids)
    expect(asked.length).toBeGreaterThan(40)
    try {
      for (const { named, ...one } of asked) {
        const { status, text } = await runner.send({ ...one, identity: 'full', headers: {} })
        const what = `${one.operation.id} by ${named}`
        expect(allowed[named], `${what}: ${text}`).toContain(status)
        if (status === 200) expect(JSON.parse(text), what).toMatchObject({ data: [] })
      }
    } finally {
      await runner.close()
    }
    expect(runner.faults()).toEqual([])
  })
})

describe('the contract', () => {
  it(`holds for ${cases} requests (seed ${seed})`, { timeout: cases * 60 + 120_000 }, async () => {
    const runner = await run(program.url, cases, seed)
    expect(runner.faults()).toEqual([])
    const succeeded = [...runner.statuses].filter(([, seen]) => [...seen.keys()].some((status) => status < 300)).map(([id]) => id)
    const never = description.operations.map(({ id }) => id).filter((id) => !succeeded.includes(id))
    expect(never.filter((id) => !needsLuck.includes(id))).toEqual([])
  })
})

describe('the fuzzer itself', () => {
  it('finds each of ten ways to break the contract', { timeout: 120_000 }, async () => {
    const proxy = await startCorruptingProxy(program.url)
    try {
      const missed: string[] = []
      for (const [name, corrupt] of Object.entries(corruptions(world.canary))) {
        proxy.state.corrupt = corrupt
        if ((await run(proxy.url, 200, seed)).faults().length === 0) missed.push(name)
      }
      expect(missed).toEqual([])
    } finally {
      await proxy.close()
    }
  })
})
