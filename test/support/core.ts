/**
 * The core over a real database: campaigns, generations, variants and their workers, with a provider and a compositor in
 * memory. `settle` drives it until nothing is due; waiting times pass at once.
 */
import { createCampaigns } from '#src/domain/campaign/service.ts'
import { createAudiences } from '#src/domain/audience/service.ts'
import { createEvents } from '#src/domain/events/service.ts'
import { createFiles } from '#src/domain/files/service.ts'
import { createFormats } from '#src/domain/format/service.ts'
import { createGenerations } from '#src/domain/generation/service.ts'
import { createSpend } from '#src/domain/spend/service.ts'
import { createTemplates } from '#src/domain/template/service.ts'
import { createCompose } from '#src/domain/variant/service-compose.ts'
import { createSettle } from '#src/domain/variant/service-settle.ts'
import { createVariantSweeps } from '#src/domain/variant/service-sweeps.ts'
import { createVariants } from '#src/domain/variant/service.ts'
import { foldCounters } from '#src/queue/fold-counters.ts'
import { createPoller } from '#src/queue/poller.ts'
import type { Consumer, WakeUpHandler, WorkKind } from '#src/queue/run-queue.ts'
import { createTopUp } from '#src/queue/top-up.ts'
import { createWorkItems } from '#src/queue/work-items.ts'
import { createFolderStore } from '#src/storage/folder.ts'
import { createAssetCache } from '#workers/asset-cache.ts'
import { createComposeHandler } from '#workers/compose.ts'
import { createFetchClip } from '#workers/fetch-clip.ts'
import { createGenerateHandler } from '#workers/generate.ts'
import { createPoll } from '#workers/poll.ts'
import { testIdentity } from './signer.ts'
import { createTempDirs } from '#workers/temp-dirs.ts'
import { runWorker } from '#workers/worker.ts'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { createTestDatabase } from './database.ts'
import { createFakeCompositor } from './fake-compositor.ts'
import { createFakeProvider, fakeCard } from './fake-provider.ts'
import { newId } from './workspace.ts'

const models = [fakeCard('sim/one'), fakeCard('sim/two'), fakeCard('sim/blind', { recovery: { kind: 'none' } })]

export async function createCore() {
  const database = await createTestDatabase()
  const dir = await mkdtemp(join(tmpdir(), 'spotsmith-core-'))
  const { db } = database
  const clock = { now: Date.now() }
  const now = () => clock.now
  const sim = createFakeProvider('sim', models)
  const cards = new Map(models.map((card) => [card.id, card]))
  const registry = {
    card: (id: string) => cards.get(id),
    cards: () => models,
    provider: () => sim.provider,
    providerOf: () => sim.provider,
  }
  const store = createFolderStore({ root: join(dir, 'objects') })
  const files = createFiles({
    db,
    store,
    newId,
    sign: (t) => Buffer.from(t).toString('base64url').slice(0, 32),
    publicUrl: 'http://spots',
    now,
    linkDays: 30,
  })
  const { link } = files
  const events = createEvents({ ids: newId, now })
  const formats = createFormats()
  const templates = createTemplates({ ids: newId, formats })
  const audiences = createAudiences({ ids: newId, pool: database.pool, templates })
  const spend = createSpend({ events, now })
  const settleVariants = createSettle({ events, link })
  const variantSweeps = createVariantSweeps({ settle: settleVariants })
  const generations = createGenerations({
    db,
    ids: newId,
    now,
    registry,
    spend,
    events,
    files,
    link,
    releaseRenditions: variantSweeps.releaseRenditions,
    referenceLink: async () => 'http://spots/reference',
    signCallback: (text) => createHash('sha256').update(text).digest('base64url'),
    callbackOrigin: 'http://spots',
  })
  const { attach } = generations
  const campaigns = createCampaigns({
    ids: newId,
    now,
    templates,
    audiences,
    formats,
    registry,
    link,
    attach,
    events,
    variantSweeps,
  })
  const variants = createVariants({ ids: newId, link, attach, releaseReady: variantSweeps.releaseReady })
  const compose = createCompose({
    db,
    settle: settleVariants,
    files,
    model: () => undefined,
    signer: testIdentity,
    compositorVersion: 'test',
  })

  const tempDirs = createTempDirs(join(dir, 'work'))
  const compositor = createFakeCompositor()
  const assets = createAssetCache({ store, dir: join(dir, 'assets') })
  const handlers = {
    generate: createGenerateHandler({
      generations,
      registry,
      monotonic: () => performance.now(),
      fetchClip: createFetchClip({ store, compositor, tempDirs }),
    }),
    compose: createComposeHandler({ compose, signer: testIdentity, compositor, store, assets, tempDirs }),
  }
  const workItems = createWorkItems({ db, newToken: randomUUID, renewMs: 1e9 })
  const faults: unknown[] = []
  const woken: { kind: WorkKind; id: string }[] = []
  const topUp = createTopUp({
    db,
    runQueue: {
      waiting: async () => 0,
      wake: async (kind, items) => void woken.push(...items.map(({ id }) => ({ kind, id }))),
    },
    modelLimits: () => cards,
    sweeps: {
      releaseReady: variantSweeps.releaseReady,
      failStranded: variantSweeps.failStranded,
      cancelRemaining: variantSweeps.cancelRemaining,
      completeFinished: campaigns.sweeps.completeFinished,
      foldCounters,
    },
    onError: (error) => faults.push(error),
  })
  const consumers = new Map<WorkKind, WakeUpHandler>()
  const consume = (kind: WorkKind, _options: unknown, handler: WakeUpHandler): Consumer => {
    consumers.set(kind, handler)
    return { close: async () => {} }
  }
  const log = { info: () => {}, warn: (fields: { err?: unknown }) => void (fields.err && faults.push(fields.err)) }
  const common = { runQueue: { consume }, workItems, concurrency: 4, log, random: () => 0.5 }
  runWorker({ kind: 'generate', handler: handlers.generate, ...common })
  runWorker({ kind: 'compose', handler: handlers.compose, ...common })
  const poller = createPoller({ workItems, poll: createPoll({ generations, registry }), onError: (error) => faults.push(error) })

  /** Every waiting time but `infinity` is over. */
  async function skipWaits(): Promise<void> {
    for (const table of ['generations', 'renditions']) {
      await sql`update ${sql.table(table)} set due_at = now() where due_at > now() and due_at < 'infinity'`.execute(db)
    }
  }

  /** One look at everything. @returns whether anything was done */
  async function round(): Promise<boolean> {
    await skipWaits()
    // The sweeps come last in a look: a second one finds what they made due.
    await topUp.tick()
    await topUp.tick()
    const batch = woken.splice(0)
    const before = sim.polls.length
    await Promise.all(
      batch.map(async ({ kind, id }) => await consumers.get(kind)?.(id, { signal: new AbortController().signal })),
    )
    await skipWaits()
    await poller.settle()
    return batch.length > 0 || sim.polls.length > before
  }

  /** Until nothing is due any more, or for so many rounds. */
  async function settle(rounds = 60): Promise<void> {
    for (let i = 0; i < rounds; i++) if (!(await round())) break
    await topUp.tick()
  }

  async function close(): Promise<void> {
    await workItems.close()
    await database.close()
    await rm(dir, { recursive: true, force: true })
  }

  const services = { events, spend, generations, campaigns, variants, compose, templates, audiences, files, variantSweeps }
  const machinery = { workItems, handlers, topUp, poller, store, tempDirs, assets }
  return { db, dir, clock, sim, compositor, registry, faults, skipWaits, round, settle, close, ...services, ...machinery }
}

export type Core = Awaited<ReturnType<typeof createCore>>
