/** What a chaos run plays on: a vendor, a receiver of webhooks, a fleet of processes, and what they share. */
import { withClient } from '#src/database/client.ts'
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.ts'
import { createCompositor } from '#src/media/index.ts'
import { simulatedPrice, simulatorProviders } from '#src/providers/simulator/settings.ts'
import { startSimulator } from '#src/providers/simulator/server.ts'
import { createFolderStore } from '#src/storage/folder.ts'
import { startReceiver } from '#test/support/receiver.ts'
import { startRedis, type TestRedis } from '#test/support/redis.ts'
import { smallFormat } from '#test/support/small-campaign.ts'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startFleet } from './fleet.ts'
import type { Chance } from './random.ts'

/** Every prompt gets the same pictures: what is proved here is what was paid for and delivered, not how it looks. */
async function drawClip(dir: string): Promise<Uint8Array> {
  const compositor = createCompositor({ processes: 1, tempDir: join(dir, 'clip') })
  const path = join(dir, 'clip.mp4')
  const spec = { prompt: 'a cup', seconds: 1, width: 180, height: 320, fps: 10, audio: false, seed: 1 }
  try {
    await compositor.storyboard(spec, path)
    return await readFile(path)
  } finally {
    await compositor.close()
  }
}

async function openVendor(dir: string, chance: Chance, cleanup: AsyncDisposableStack) {
  const clip = await drawClip(dir)
  const simulator = await startSimulator({
    makeClip: () => Promise.resolve(clip),
    priceMicroUsd: simulatedPrice,
    jobMs: 500,
    random: () => chance.next(),
  })
  cleanup.defer(() => simulator.close())
  const providersFile = join(dir, 'providers.json')
  await writeFile(providersFile, JSON.stringify(simulatorProviders(simulator.url)))
  return { simulator, providersFile }
}

export interface StageOptions {
  readonly chance: Chance
  /** 0: one process with everything embedded; else one API and so many workers on Redis. */
  readonly workers: number
}

async function open({ chance, workers }: StageOptions, cleanup: AsyncDisposableStack) {
  const dir = await mkdtemp(join(tmpdir(), 'spotsmith-chaos-'))
  // CHAOS_KEEP leaves logs and data for a look at a run that failed.
  if (!process.env['CHAOS_KEEP']) cleanup.defer(() => rm(dir, { recursive: true, force: true }))
  const { simulator, providersFile } = await openVendor(dir, chance, cleanup)
  const receiver = await startReceiver()
  cleanup.defer(() => receiver.close())
  const apiKey = randomBytes(24).toString('hex')
  const common = { PROVIDERS_FILE: providersFile, COMPOSITOR_PROCESSES: '1' }
  const scaled = workers > 0
  const database = scaled ? await startEmbeddedPostgres({ dataDir: join(dir, 'database'), durable: false }) : undefined
  cleanup.defer(async () => await database?.close())
  let redis: TestRedis | undefined = scaled ? await startRedis() : undefined
  cleanup.defer(async () => await redis?.close())
  const objects = scaled ? join(dir, 'objects') : join(dir, 'all', 'objects')
  const shared = {
    ...common,
    SECRET_KEY: randomBytes(24).toString('hex'),
    STORAGE_URL: `file://${objects}`,
    DATABASE_URL: database?.connectionString ?? '',
    QUEUE_URL: redis?.url ?? '',
  }
  const workerNames = Array.from({ length: workers }, (_, i) => `worker-${i + 1}`)
  const each = (names: readonly string[], role: string) => names.map((name) => [name, { ...shared, ROLE: role }] as const)
  const processes = scaled ? Object.fromEntries([...each(['api'], 'api'), ...each(workerNames, 'workers')]) : { all: common }
  const fleet = await startFleet({ dir, apiKey, processes })
  cleanup.defer(() => fleet.stop())

  const clusterDir = join(dir, scaled ? 'database' : 'all', 'postgres', 'cluster')

  return {
    dir,
    simulator,
    receiver,
    fleet,
    store: createFolderStore({ root: objects }),
    workerNames: scaled ? workerNames : ['all'],

    /** Whoever is connected loses the connection; the server comes back by itself. */
    async restartPostgres(): Promise<void> {
      const pid = Number((await readFile(join(clusterDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
      process.kill(pid, 'SIGINT')
    },

    /** Every key of the run-queue is gone. */
    async flushRedis(): Promise<void> {
      const { Redis } = await import('ioredis')
      const client = new Redis(redis!.url)
      await client.flushall()
      client.disconnect()
    },

    /** Away for so long, and empty when it comes back. */
    async stopRedis(ms: number): Promise<void> {
      const port = Number(new URL(redis!.url).port)
      await redis!.close()
      await delay(ms)
      redis = await startRedis(undefined, port)
    },

    /** Every read and write of the object store fails for so long. */
    async refuseStore(ms: number): Promise<void> {
      await rename(objects, `${objects}.away`)
      await writeFile(objects, '')
      await delay(ms)
      await rm(objects)
      await rename(`${objects}.away`, objects)
    },

    /** A connection to the database of the fleet. The embedded one is opened after the fleet has stopped. */
    async withDatabase<T>(work: (connectionString: string) => Promise<T>): Promise<T> {
      if (database) return await work(database.connectionString)
      const own = await startEmbeddedPostgres({ dataDir: join(dir, 'all') })
      try {
        return await work(own.connectionString)
      } finally {
        await own.close()
      }
    },
    connectionString: database?.connectionString,
    query: (text: string, values: unknown[] = []) =>
      withClient(
        database!.connectionString,
        async (client) => (await client.query(text, values)).rows as Record<string, unknown>[],
      ),
  }
}

export async function openStage(options: StageOptions) {
  await using cleanup = new AsyncDisposableStack()
  const stage = await open(options, cleanup)
  await stage.fleet.call('POST', '/v1/formats', smallFormat)
  const endpoint = await stage.fleet.call<{ secret: string }>('POST', '/v1/webhook-endpoints', { url: stage.receiver.url })
  stage.receiver.trust(endpoint.body.secret)
  const closers = cleanup.move()
  return { ...stage, close: () => closers.disposeAsync() }
}

export type Stage = Awaited<ReturnType<typeof openStage>>
