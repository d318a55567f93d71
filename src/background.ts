/** What the workers of one process do: a consumer for each kind of work, the top-up with its sweeps, and the poller. */
import { createPlanner } from './domain/plan/service.ts'
import { createCompose } from './domain/variant/service-compose.ts'
import { compositorVersion } from './media/index.ts'
import { foldCounters } from './queue/fold-counters.ts'
import { createNudgeListener } from './queue/nudges.ts'
import { createPoller } from './queue/poller.ts'
import type { WorkKind } from './queue/run-queue.ts'
import { createTopUp } from './queue/top-up.ts'
import { createWorkItems, type WorkItems } from './queue/work-items.ts'
import type { Resources } from './resources.ts'
import { type Services, withAssetsOf } from './services.ts'
import { createSender } from './webhooks/send.ts'
import { createComposeHandler } from '#workers/compose.ts'
import { createDeliverHandler } from '#workers/deliver.ts'
import { createFetchClip } from '#workers/fetch-clip.ts'
import { createGenerateHandler } from '#workers/generate.ts'
import { type Handlers, startWorkers } from '#workers/index.ts'
import { createPlanHandler } from '#workers/plan.ts'
import { createPoll } from '#workers/poll.ts'
import { createTempDirs } from '#workers/temp-dirs.ts'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

function createPlannerOf(resources: Resources, services: Services) {
  const { db, database, ids, now, registry, compositor } = resources
  const { campaigns, events, formats } = services
  return createPlanner({
    db,
    pool: database.pool,
    ids,
    now,
    card: registry.card,
    formats,
    measure: (compositions, paths, run) => compositor.measure(compositions, paths, run),
    withAssets: withAssetsOf(resources),
    events,
    launchPlanned: (trx, campaign) => campaigns.launchPlanned(trx, campaign),
  })
}

function signingIdentity({ signer }: Resources) {
  if (!signer) throw new Error('A process that composes needs a signer.')
  return signer.identity
}

function createHandlers(resources: Resources, services: Services, workItems: WorkItems): Handlers {
  const { compositor, store, registry, monotonic, random, outgoing, now, workDir, assets, db } = resources
  const { generations, deliveries, files, settle } = services
  const tempDirs = createTempDirs(join(workDir, 'units'))
  const identity = signingIdentity(resources)
  return {
    plan: createPlanHandler({ planner: createPlannerOf(resources, services) }),
    generate: createGenerateHandler({
      generations,
      registry,
      monotonic,
      fetchClip: createFetchClip({ store, compositor, tempDirs }),
    }),
    compose: createComposeHandler({
      compose: createCompose({ db, settle, files, model: (id) => registry.card(id), signer: identity, compositorVersion }),
      signer: identity,
      compositor,
      store,
      assets,
      tempDirs,
    }),
    deliver: createDeliverHandler({ deliveries, send: createSender({ post: outgoing.post, now }), workItems, random }),
  }
}

/**
 * Units of each kind at once. One composition more than children: its files travel while others are drawn. A delivery waits
 * for a receiver and holds nothing meanwhile: 50 endpoints that never answer, each with 8 requests under way, leave room.
 */
function concurrencyOf({ config }: Resources): Readonly<Record<WorkKind, number>> {
  const children = config.COMPOSITOR_PROCESSES ?? availableParallelism()
  return { plan: 2, generate: 16, compose: children + 1, deliver: 512 }
}

function createBacklog(resources: Resources, { variantSweeps, campaigns, sunsets }: Services) {
  const { db, runQueue, registry, logger, database } = resources
  const topUp = createTopUp({
    db,
    runQueue,
    modelLimits: () => registry.limits(),
    sweeps: {
      'release renditions': (trx) => variantSweeps.releaseReady(trx),
      'fail stranded': (trx) => variantSweeps.failStranded(trx),
      'cancel remaining': (trx) => variantSweeps.cancelRemaining(trx),
      'complete campaigns': campaigns.sweeps.completeFinished,
      'new month': campaigns.sweeps.newMonth,
      'announce sunsets': (trx) => sunsets.announce(trx),
      'fold counters': foldCounters,
    },
    onError: (err, unit) => logger.warn({ err, unit }, 'top_up.fault'),
  })
  const listener = createNudgeListener({
    connectionString: database.connectionString,
    onNudge: topUp.nudge,
    onError: (err) => logger.warn({ err }, 'nudges.fault'),
  })
  return { topUp, listener }
}

/** @returns `close(deadlineMs)`: claims nothing more, waits for what runs, then aborts and releases it; idempotent */
export async function startBackground(resources: Resources, services: Services) {
  const { db, runQueue, registry, logger, random, newToken, monotonic } = resources
  const workItems = createWorkItems({
    db,
    newToken,
    monotonic,
    onRenewFailed: (err) => logger.warn({ err }, 'leases.renew_failed'),
  })
  const { topUp, listener } = createBacklog(resources, services)
  const poller = createPoller({
    workItems,
    poll: createPoll({ generations: services.generations, registry }),
    onError: (err, generation_id) => logger.warn({ err, generation_id }, 'generation.poll_failed'),
  })
  const handlers = createHandlers(resources, services, workItems)
  const workers = startWorkers({
    handlers,
    workItems,
    topUp,
    poller,
    runQueue,
    random,
    log: logger,
    concurrency: concurrencyOf(resources),
  })
  await listener.start()

  async function close(deadlineMs: number): Promise<void> {
    await listener.close()
    await workers.close(deadlineMs)
  }
  return { close }
}
