/** The HTTP API of one process: it makes sure that there is a first key, listens, and says where it is. */
import { createHealth } from './health.ts'
import { createApp } from './http/app.ts'
import { createEventSignal } from './queue/event-signal.ts'
import { explainListen } from './port.ts'
import type { FirstKey, Resources } from './resources.ts'
import type { Services } from './services.ts'
import { sql } from 'kysely'
import { join } from 'node:path'

export interface Status {
  /** The process is stopping. */
  draining: boolean
}

const canaryMs = 4_000

function createReadiness(resources: Resources, status: Status) {
  const { db, runQueue, store, logger, monotonic } = resources
  return createHealth({
    parts: {
      database: { keepMs: 1_000, probe: () => sql`select 1`.execute(db) },
      queue: { keepMs: 10_000, probe: () => runQueue.canary(canaryMs) },
      store: { keepMs: 30_000, probe: () => store.check() },
    },
    isDraining: () => status.draining,
    monotonic,
    onFault: (part, err) => logger.warn({ part, err }, 'readiness.fault'),
  })
}

/** Where presigned links of this store lead: the console's policy names it. */
async function storageOrigin({ store }: Resources): Promise<string | undefined> {
  const link = await store.presign('console/origin', { seconds: 60, mediaType: 'video/mp4', fileName: 'origin.mp4' })
  return link === undefined ? undefined : new URL(link).origin
}

function announce(resources: Resources, first: FirstKey): readonly string[] {
  const { publicUrl } = resources
  const key =
    'path' in first
      ? first.created
        ? `${first.key}   (kept in ${first.path})`
        : `in ${first.path}`
      : 'as set in BOOTSTRAP_API_KEY'
  return [
    'Spotsmith is ready.',
    `  API    ${publicUrl}/v1`,
    `  Console ${publicUrl}/console/`,
    `  Docs   ${publicUrl}/docs`,
    `  Key    ${key}`,
  ]
}

/**
 * @returns `close(deadlineMs)`: takes no new requests, waits for running ones, and cuts them off at the deadline; idempotent
 */
export async function startApi(resources: Resources, services: Services, status: Status) {
  const { config, db, ids, logger } = resources
  const first = await resources.firstKey()
  await services.workspaces.bootstrap(db, first.key)
  const signal = createEventSignal({
    connectionString: resources.database.connectionString,
    onError: (err) => logger.warn({ err }, 'event_signal.fault'),
  })
  await signal.start()
  const app = await createApp({
    waitForEvents: signal.wait,
    db,
    services,
    health: createReadiness(resources, status),
    authenticate: (bearer) => services.workspaces.authenticate(db, bearer),
    newRequestId: () => ids('request'),
    requestsPerMinute: config.REQUESTS_PER_MINUTE,
    logger,
    pages: { folder: join(import.meta.dirname, 'console/dist'), storageOrigin: await storageOrigin(resources) },
  })
  await app.listen({ host: config.HOST, port: config.PORT }).catch((error: unknown) => {
    throw explainListen(error, config)
  })

  let closing: Promise<void> | undefined
  async function close(deadlineMs: number): Promise<void> {
    const late = setTimeout(() => app.server.closeAllConnections(), deadlineMs)
    await app.close().finally(() => clearTimeout(late))
    await signal.close()
  }
  return { announcement: announce(resources, first), close: (deadlineMs: number) => (closing ??= close(deadlineMs)) }
}
