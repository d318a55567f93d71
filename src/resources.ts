/**
 * Opens what a process works with, in the order in which one needs the other, and closes it in reverse. Nothing below
 * this file asks whether it runs embedded: it gets a database, a run-queue and a store, wherever they are.
 */
import type { Config } from './config.ts'
import { checkDatabase } from './database/client-checks.ts'
import { createDatabase } from './database/client.ts'
import { startEmbeddedPostgres } from './database/embedded-postgres.ts'
import { migrate } from './database/migrate.ts'
import { createIds } from './domain/ids.ts'
import { newKey } from './domain/workspace/keys.ts'
import { createSecrets, type KeyFile, newSecretKey, openKeyFile } from './instance-keys.ts'
import type { Logger } from './logger.ts'
import { type Compositor, createCompositor } from './media/index.ts'
import { createGuard } from './network/guard.ts'
import { createOutgoing, type Outgoing } from './network/outgoing.ts'
import { openProvenanceSigner, readTrustedRoots } from './provenance-signer.ts'
import { openProviders } from './providers/index.ts'
import { createRunQueue, type RunQueueTarget } from './queue/bullmq.ts'
import { createStorage } from './storage/index.ts'
import { openWorkFolder } from './work-folder.ts'
import { createAssetCache } from '#workers/asset-cache.ts'
import { randomFillSync, randomUUID } from 'node:crypto'
import { join } from 'node:path'

export interface Surroundings {
  readonly logger: Logger
  /** Value of an environment variable: PROVIDERS_FILE names those that hold the providers' keys. */
  readonly env: (name: string) => string | undefined
}

/** Everything that differs between two runs of the same work. */
const world = {
  /** Milliseconds since the epoch. */
  now: () => Date.now(),
  /** Milliseconds that never run backwards. */
  monotonic: () => performance.now(),
  /** 0 ≤ x < 1 */
  random: () => Math.random(),
  randomBytes: (bytes: Uint8Array): Uint8Array => randomFillSync(bytes),
  newToken: () => randomUUID(),
}

async function openDatabaseUrl(config: Config, logger: Logger, cleanup: AsyncDisposableStack): Promise<string> {
  if (config.DATABASE_URL) return config.DATABASE_URL
  const embedded = await startEmbeddedPostgres({
    dataDir: config.DATA_DIR,
    onRestarted: () => logger.error('database.restarted'),
    onFault: (err) => logger.error({ err }, 'database.restart_failed'),
  })
  cleanup.defer(() => embedded.close())
  return embedded.connectionString
}

async function openDatabase(config: Config, logger: Logger, cleanup: AsyncDisposableStack) {
  const connectionString = await openDatabaseUrl(config, logger, cleanup)
  await checkDatabase(connectionString, world.now)
  const applied = await migrate(connectionString)
  if (applied.length > 0) logger.info({ migrations: applied }, 'database.migrated')
  const database = createDatabase({
    connectionString,
    max: config.DATABASE_POOL,
    applicationName: `spotsmith ${config.ROLE}`,
    onConnectionLost: (err) => logger.warn({ err }, 'database.connection_lost'),
  })
  cleanup.defer(() => database.close())
  return { ...database, connectionString }
}

async function openRunQueue(config: Config, connectionString: string, logger: Logger, cleanup: AsyncDisposableStack) {
  const target: RunQueueTarget = config.QUEUE_URL
    ? { kind: 'redis', url: config.QUEUE_URL }
    : { kind: 'postgres', connectionString }
  const runQueue = await createRunQueue(target, {
    onError: (err, where) => logger.warn({ err, where }, 'run_queue.fault'),
  })
  cleanup.defer(() => runQueue.close())
  return runQueue
}

async function openStorage(config: Config, cleanup: AsyncDisposableStack) {
  const store = createStorage(config)
  cleanup.defer(() => store.close())
  await store.check()
  return store
}

/** The generated keys lie where the other embedded things are. */
async function openSecretKey({ SECRET_KEY, DATA_DIR }: Config): Promise<string> {
  return SECRET_KEY ?? (await openKeyFile(DATA_DIR, 'secret-key', () => newSecretKey(world.randomBytes))).key
}

/** The first API key: as set, or from a file that is made once. */
export type FirstKey = { readonly key: string } | KeyFile

async function openFirstKey({ BOOTSTRAP_API_KEY, DATA_DIR }: Config): Promise<FirstKey> {
  if (BOOTSTRAP_API_KEY) return { key: BOOTSTRAP_API_KEY }
  return openKeyFile(DATA_DIR, 'api-key', () => newKey(world.randomBytes))
}

function openNetwork(config: Config, cleanup: AsyncDisposableStack) {
  const guard = createGuard({ allowed: config.ALLOWED_PRIVATE_TARGETS, insecure: config.ALLOW_INSECURE_WEBHOOKS })
  const outgoing = createOutgoing({ guard })
  cleanup.defer(() => outgoing.close())
  return { guard, outgoing }
}

/** Most time-stamp servers speak http: what they answer is signed, so nothing is lost by it. */
async function openSigner(config: Config, cleanup: AsyncDisposableStack) {
  if (config.ROLE === 'api') return undefined
  const outgoing = createOutgoing({ guard: createGuard({ allowed: config.ALLOWED_PRIVATE_TARGETS, insecure: true }) })
  cleanup.defer(() => outgoing.close())
  return await openProvenanceSigner(config, { now: world.now, random: world.randomBytes, post: outgoing.post })
}

async function openCompositor(config: Config, logger: Logger, cleanup: AsyncDisposableStack) {
  const signer = await openSigner(config, cleanup)
  const work = await openWorkFolder(config.DATA_DIR)
  cleanup.defer(() => work.close())
  const tempDir = join(work.path, 'compositor')
  const compositor = createCompositor({ processes: config.COMPOSITOR_PROCESSES, tempDir, signer, logger })
  cleanup.defer(() => compositor.close())
  return { compositor, signer, workDir: work.path }
}

interface ProviderParts {
  readonly env: Surroundings['env']
  readonly compositor: Compositor
  readonly workDir: string
  readonly outgoing: Outgoing
}

async function openRegistry(
  config: Config,
  { env, compositor, workDir, outgoing }: ProviderParts,
  cleanup: AsyncDisposableStack,
) {
  const providers = await openProviders({
    providersFile: config.PROVIDERS_FILE,
    env,
    guardedFetch: outgoing.fetch,
    storyboard: { render: (spec, path, run) => compositor.storyboard(spec, path, run), workDir: join(workDir, 'storyboard') },
    now: world.now,
  })
  cleanup.defer(() => providers.close())
  return providers.registry
}

async function open(config: Config, { logger, env }: Surroundings, cleanup: AsyncDisposableStack) {
  const database = await openDatabase(config, logger, cleanup)
  const secrets = createSecrets(await openSecretKey(config), world.randomBytes)
  const store = await openStorage(config, cleanup)
  const network = openNetwork(config, cleanup)
  const trustedRoots = await readTrustedRoots(config)
  const { compositor, signer, workDir } = await openCompositor(config, logger, cleanup)
  const registry = await openRegistry(config, { env, compositor, workDir, outgoing: network.outgoing }, cleanup)
  const runQueue = await openRunQueue(config, database.connectionString, logger, cleanup)
  return {
    ...world,
    ...network,
    config,
    logger,
    ids: createIds(world.now, world.randomBytes),
    database,
    db: database.db,
    secrets,
    firstKey: () => openFirstKey(config),
    store,
    compositor,
    /** undefined where nothing is composed (ROLE=api) */
    signer,
    trustedRoots,
    workDir,
    assets: createAssetCache({ store, dir: join(workDir, 'assets') }),
    registry,
    runQueue,
    publicUrl: config.PUBLIC_URL ?? `http://localhost:${config.PORT}`,
  }
}

/** @throws with one sentence that says what to change, after closing what was opened before */
export async function openResources(config: Config, surroundings: Surroundings) {
  await using cleanup = new AsyncDisposableStack()
  const opened = await open(config, surroundings, cleanup)
  const closers = cleanup.move()
  return { ...opened, close: () => closers.disposeAsync() }
}

export type Resources = Awaited<ReturnType<typeof openResources>>
