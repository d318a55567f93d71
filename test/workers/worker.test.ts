import { Retryable, Terminal } from '#src/errors.ts'
import { createRunQueue } from '#src/queue/bullmq.ts'
import { LeaseLost } from '#src/queue/lease.ts'
import { createPoller } from '#src/queue/poller.ts'
import type { RunQueue, WakeUp, WakeUpHandler, WorkKind } from '#src/queue/run-queue.ts'
import { createTopUp } from '#src/queue/top-up.ts'
import { createWorkItems, fenced, settled, type WorkItems, type WorkRow } from '#src/queue/work-items.ts'
import { createTestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'
import { addCampaign, addGenerations, addRenditions, addWorkspace, forgetWork } from '#test/queue/rows.ts'
import { backoffMs } from '#workers/backoff.ts'
import { startWorkers } from '#workers/index.ts'
import { runWorker, type WorkerOptions, type WorkHandler } from '#workers/worker.ts'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

type Rendition = WorkRow<'compose'>
type Handle = WorkHandler<Rendition>['handle']

const database = await createTestDatabase()
const { db } = database
let campaign: string
let items: WorkItems
beforeAll(async () => {
  campaign = await addCampaign(db, await addWorkspace(db))
  items = createWorkItems({ db, newToken: randomUUID })
})
afterEach(() => forgetWork(db))
afterAll(async () => {
  await items.close()
  await database.close()
})

const rendition = (id: string) => db.selectFrom('renditions').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const secondsToDue = (row: { due_at: Date }) => (row.due_at.getTime() - Date.now()) / 1_000
const finish: Handle = (_row, lease) =>
  fenced(db.updateTable('renditions').set({ status: 'ready', ...settled }), lease, 'waiting')
const handlerOf = (handle: Handle): WorkHandler<Rendition> => ({
  kind: 'compose',
  handle,
  giveUp: (_row, error, lease) =>
    fenced(
      db.updateTable('renditions').set({ status: 'failed', error: { code: error.code, message: error.message }, ...settled }),
      lease,
      ['waiting', 'composing'],
    ),
})

interface Logged {
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A worker whose wake-ups the test makes itself. */
function workerOf(handle: Handle, options: Partial<WorkerOptions<'compose'>> = {}) {
  const logged: Logged[] = []
  const note = (fields: Readonly<Record<string, unknown>>, event: string) => void logged.push({ event, fields })
  let onWakeUp: WakeUpHandler | undefined
  runWorker({
    kind: 'compose',
    runQueue: {
      consume: (_kind, _options, handler) => {
        onWakeUp = handler
        return { close: async () => {} }
      },
    },
    workItems: items,
    handler: handlerOf(handle),
    concurrency: 1,
    log: { info: note, warn: note },
    random: () => 0.5,
    ...options,
  })
  const wake = (id: string, signal = new AbortController().signal) => onWakeUp!(id, { signal })
  return { wake, logged }
}
const addRow = async () => (await addRenditions(db, campaign, 1))[0]!

describe('one unit of work', () => {
  test('runs the claimed row once and tells of it in one event', async () => {
    const id = await addRow()
    const seen: string[] = []
    const { wake, logged } = workerOf(async (row, lease, options) => {
      seen.push(row.id)
      await finish(row, lease, options)
      return { bytes: 12 }
    })
    await wake(id)
    await wake(id)
    expect(seen).toEqual([id])
    expect(await rendition(id)).toMatchObject({ status: 'ready', lease_token: null })
    expect(logged).toEqual([{ event: 'compose.done', fields: expect.objectContaining({ id, bytes: 12, starts: 1 }) as unknown }])
  })

  test('that fails is due again after a backoff, with the reason in the row', async () => {
    const id = await addRow()
    const { wake, logged } = workerOf(() => Promise.reject(new Error('the bucket is away')))
    await wake(id)
    const row = await rendition(id)
    expect(row).toMatchObject({ status: 'waiting', lease_token: null, last_error: 'the bucket is away', starts: 1 })
    expect(secondsToDue(row)).toBeGreaterThan(0.3)
    expect(secondsToDue(row)).toBeLessThanOrEqual(1)
    expect(logged.map(({ event }) => event)).toEqual(['compose.retry'])
  })

  test('that says when to come again is due then', async () => {
    const id = await addRow()
    await workerOf(() => Promise.reject(new Retryable('busy', { afterMs: 90_000 }))).wake(id)
    expect(secondsToDue(await rendition(id))).toBeGreaterThan(80)
  })

  test('that cannot succeed is given up with its code', async () => {
    const id = await addRow()
    await workerOf(() => Promise.reject(new Terminal('bad_clip', 'The clip has no frames.'))).wake(id)
    expect(await rendition(id)).toMatchObject({ status: 'failed', error: { code: 'bad_clip' }, lease_token: null })
  })

  test('that cannot even be given up is tried again', async () => {
    const id = await addRow()
    const handler = { ...handlerOf(finish), giveUp: () => Promise.reject(new Error('the database is away')) }
    await workerOf(finish, { handler: { ...handler, handle: () => Promise.reject(new Terminal('x', 'x')) } }).wake(id)
    expect(await rendition(id)).toMatchObject({ status: 'waiting', last_error: 'the database is away', lease_token: null })
  })

  test('writes nothing when its lease went to another worker', async () => {
    const id = await addRow()
    const { wake, logged } = workerOf(async (row, lease, options) => {
      await sql`update renditions set lease_token = 'another' where id = ${id}`.execute(db)
      await finish(row, lease, options)
    })
    await wake(id)
    expect(await rendition(id)).toMatchObject({ status: 'waiting', lease_token: 'another', last_error: null })
    expect(logged.map(({ event }) => event)).toEqual(['compose.lease_lost'])
  })

  test('stopped with its process is due at once, and the start does not count', async () => {
    const id = await addRow()
    const stop = new AbortController()
    const { wake } = workerOf(async (_row, _lease, { signal }) => {
      stop.abort(new Error('The process stops.'))
      signal.throwIfAborted()
    })
    await wake(id, stop.signal)
    const row = await rendition(id)
    expect(row).toMatchObject({ status: 'waiting', lease_token: null, starts: 0, last_error: null })
    expect(secondsToDue(row)).toBeLessThanOrEqual(0)
  })

  test('survives twenty kills of its worker; one that kills every worker is stopped and says so', async () => {
    const id = await addRow()
    const kill = () => sql`update renditions set lease_until = now() - interval '1 second' where id = ${id}`.execute(db)
    let seen = 0
    const { wake } = workerOf(async () => void seen++)
    const killed = createWorkItems({ db, newToken: randomUUID, renewMs: 1e9 })
    const startAndKill = async (times: number) => {
      for (let n = 0; n < times; n++) {
        expect(await killed.claim('compose', id)).toBeDefined()
        await kill()
      }
    }
    await startAndKill(20)
    await wake(id)
    expect([seen, (await rendition(id)).status]).toEqual([1, 'waiting'])
    await startAndKill(19)
    await wake(id)
    expect(seen).toBe(1)
    const row = await rendition(id)
    expect(row).toMatchObject({ status: 'failed', error: { code: 'too_many_starts' } })
    expect(JSON.stringify(row.error)).toContain('40 starts')
  })

  test('leaves the wake-up at that when the database does not answer', async () => {
    const { wake, logged } = workerOf(finish, {
      workItems: {
        claim: () => Promise.reject(new Error('connection refused')),
        forget: () => {},
        release: () => Promise.resolve(true),
      },
    })
    await wake('rnd_x')
    expect(logged.map(({ event }) => event)).toEqual(['compose.unrecorded'])
  })
})

test('backoff doubles from a second to five minutes, within a fifth', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (starts, random) => {
        const exact = Math.min(1_000 * 2 ** (starts - 1), 300_000)
        const ms = backoffMs(starts, random)
        expect(ms).toBeGreaterThanOrEqual(exact * 0.8 - 1)
        expect(ms).toBeLessThanOrEqual(exact * 1.2 + 1)
      },
    ),
  )
})

describe('everything together', () => {
  const onError = () => {}
  const idle = { start() {}, close: async () => {} }
  const noLog = { info() {}, warn() {} }
  const never: Handle = () => Promise.reject(new Error('not for this test'))
  const handlers = (compose: WorkHandler<Rendition>) => {
    const other = { handle: never as () => Promise<void>, giveUp: () => Promise.resolve() }
    return {
      plan: { kind: 'plan', ...other },
      generate: { kind: 'generate', ...other },
      compose,
      deliver: { kind: 'deliver', ...other },
    } as const
  }
  const concurrency = { plan: 1, generate: 1, compose: 4, deliver: 1 }
  const openQueue = () => createRunQueue({ kind: 'postgres', connectionString: database.connectionString }, { onError })

  /** Drops half of the wake-ups and doubles the rest, the twin under another job id so that it really runs. */
  function lossy(runQueue: RunQueue): { readonly runQueue: RunQueue; readonly dropped: () => number } {
    let [n, dropped] = [0, 0]
    async function wake(kind: WorkKind, all: readonly WakeUp[]): Promise<void> {
      const kept = all.filter(() => n++ % 2 === 0)
      dropped += all.length - kept.length
      await runQueue.wake(kind, kept)
      await runQueue.wake(
        kind,
        kept.map(({ id, starts }) => ({ id, starts: starts + 1_000_000 })),
      )
    }
    return { runQueue: { ...runQueue, wake }, dropped: () => dropped }
  }

  test('a run-queue that drops half of its wake-ups and doubles the rest: every row ends exactly once', async () => {
    const ids = await addRenditions(db, campaign, 300)
    const queue = await openQueue()
    const { runQueue, dropped } = lossy(queue)
    const ended = new Map<string, number>()
    const handle: Handle = async (row, lease, options) => {
      // Every third start of a row fails first.
      if (row.starts === 1 && Number(row.id.slice(-1)) % 3 === 0) throw new Retryable('once', { afterMs: 0 })
      await finish(row, lease, options)
      ended.set(row.id, (ended.get(row.id) ?? 0) + 1)
    }
    const topUp = createTopUp({ db, runQueue, modelLimits: () => new Map(), intervalMs: 50, window: 64, onError })
    const ours = createWorkItems({ db, newToken: randomUUID })
    const workers = startWorkers({
      runQueue,
      workItems: ours,
      handlers: handlers(handlerOf(handle)),
      concurrency,
      topUp,
      poller: idle,
      log: noLog,
      random: Math.random,
    })
    await until(
      () => ended.size,
      (n) => n === ids.length,
      'the end of every row',
      50_000,
    )
    await workers.close(5_000)
    await queue.close()
    expect(dropped()).toBeGreaterThan(100)
    expect([...ended.values()].every((times) => times === 1)).toBe(true)
    const rows = await sql<{ status: string; n: number }>`
      select status, count(*) as n from renditions where id = any(${ids}) group by 1`.execute(db)
    expect(rows.rows).toEqual([{ status: 'ready', n: ids.length }])
  })

  test('closing releases what a handler does not let go of, for another worker at once', async () => {
    const id = await addRow()
    const queue = await openQueue()
    const started = Promise.withResolvers<AbortSignal>()
    const stubborn = Promise.withResolvers<void>()
    const late = Promise.withResolvers<unknown>()
    const handle: Handle = async (row, lease, options) => {
      started.resolve(options.signal)
      await stubborn.promise
      await Promise.resolve(finish(row, lease, options)).then(late.resolve, late.resolve)
    }
    const topUp = createTopUp({ db, runQueue: queue, modelLimits: () => new Map(), intervalMs: 50, onError })
    const ours = createWorkItems({ db, newToken: randomUUID })
    const workers = startWorkers({
      runQueue: queue,
      workItems: ours,
      handlers: handlers(handlerOf(handle)),
      concurrency,
      topUp,
      poller: idle,
      log: noLog,
      random: Math.random,
    })
    const signal = await started.promise
    await workers.close(10)
    expect(signal.aborted).toBe(true)
    const row = await rendition(id)
    expect(row).toMatchObject({ status: 'waiting', lease_token: null })
    expect(secondsToDue(row)).toBeLessThanOrEqual(0)
    // The handler wakes after all that, and its write is refused.
    stubborn.resolve()
    expect(await late.promise).toBeInstanceOf(LeaseLost)
    expect((await rendition(id)).status).toBe('waiting')
    await queue.close()
  })
})

describe('the poller', () => {
  const generation = (id: string) => db.selectFrom('generations').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  test('polls what is due, each once, no more at a time than its batch, and moves it on', async () => {
    const ids = await addGenerations(db, campaign, 30, { status: 'running' })
    await addGenerations(db, campaign, 1, { status: 'planned' })
    const polled: string[] = []
    const gate = Promise.withResolvers<void>()
    const poll = async (row: { id: string }) => {
      polled.push(row.id)
      await gate.promise
    }
    const pollers = [1, 2].map(() => createPoller({ workItems: items, poll, batch: 10, onError: () => {} }))
    const settling = pollers.map((poller) => poller.settle())
    await until(
      () => polled.length,
      (n) => n === 20,
      'two batches',
    )
    gate.resolve()
    await Promise.all(settling)
    await pollers[0]!.settle()
    await pollers[0]!.settle()
    expect(polled.toSorted()).toEqual(ids.toSorted())
    const row = await generation(ids[0]!)
    expect(row).toMatchObject({ status: 'running', lease_token: null, starts: 0 })
    expect(secondsToDue(row)).toBeGreaterThan(5)
  })

  test('keeps the reason of a failed poll and comes again; the others are not disturbed', async () => {
    const [bad, good] = await addGenerations(db, campaign, 2, { status: 'running' })
    const failed: unknown[] = []
    const poller = createPoller({
      workItems: items,
      onError: (_error, id) => void failed.push(id),
      poll: async (row, lease) => {
        if (row.id === bad) throw new Error('503')
        await fenced(db.updateTable('generations').set({ status: 'fetching', ...settled }), lease, 'running')
      },
    })
    await poller.settle()
    expect(failed).toEqual([bad])
    expect(await generation(bad!)).toMatchObject({ status: 'running', last_error: '503', lease_token: null })
    expect(await generation(good!)).toMatchObject({ status: 'fetching', lease_token: null })
  })

  test('aborts its polls at the deadline and takes no more', async () => {
    await addGenerations(db, campaign, 1, { status: 'running' })
    const asked = Promise.withResolvers<AbortSignal>()
    const poller = createPoller({
      workItems: items,
      onError: () => {},
      poll: async (_row, _lease, { signal }) => {
        asked.resolve(signal)
        await once(signal, 'abort')
      },
    })
    const settling = poller.settle()
    const signal = await asked.promise
    await poller.close(10)
    expect(signal.aborted).toBe(true)
    await settling
    expect(items.held()).toBe(0)
  })
})
