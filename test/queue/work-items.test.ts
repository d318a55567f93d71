import { LeaseLost } from '#src/queue/lease.ts'
import { createWorkItems, fenced, holdLease, settled, type WorkItemsOptions } from '#src/queue/work-items.ts'
import { createTestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'
import { addCampaign, addDeliveries, addEndpoint, addGenerations, addRenditions, addWorkspace, forgetWork } from './rows.ts'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const database = await createTestDatabase()
const { db } = database
let workspace: string
let campaign: string
const opened: { close(): Promise<void> }[] = []

beforeAll(async () => {
  workspace = await addWorkspace(db)
  campaign = await addCampaign(db, workspace)
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((items) => items.close()))
  await forgetWork(db)
})
afterAll(() => database.close())

/** A worker process as far as leases go. */
function worker(options: Partial<WorkItemsOptions> = {}) {
  const items = createWorkItems({ db, newToken: randomUUID, ...options })
  opened.push(items)
  return items
}
/** A worker that is stopped: it renews nothing, and its leases end when the test says so. */
const stalledWorker = () => worker({ renewMs: 1e9 })

const addRendition = async () => (await addRenditions(db, campaign, 1))[0]!
const rendition = (id: string) => db.selectFrom('renditions').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const endLease = (id: string) =>
  db
    .updateTable('renditions')
    .set({ lease_until: sql<Date>`now() - interval '1 second'` })
    .where('id', '=', id)
    .execute()
const finish = (id: string) =>
  db
    .updateTable('renditions')
    .set({ status: 'ready', ...settled })
    .where('id', '=', id)

async function claimed(items: ReturnType<typeof worker>, id: string) {
  const claim = await items.claim('compose', id)
  if (!claim) throw new Error(`${id} could not be claimed`)
  return claim
}

describe('a claim', () => {
  test('gives the row to one of many', async () => {
    const id = await addRendition()
    const claims = await Promise.all(Array.from({ length: 12 }, () => worker().claim('compose', id)))
    const won = claims.filter((claim) => claim !== undefined)
    expect(won).toHaveLength(1)
    expect(won[0]!.row).toMatchObject({ id, starts: 1, lease_token: won[0]!.lease.token })
    expect(won[0]!.lease).toMatchObject({ kind: 'compose', id })
  })

  test('lasts eight seconds of the database, unless renewed', async () => {
    const id = await addRendition()
    await claimed(stalledWorker(), id)
    const { rows } = await sql<{ seconds: number }>`
      select extract(epoch from lease_until - now())::float8 as seconds from renditions where id = ${id}`.execute(db)
    expect(rows[0]!.seconds).toBeGreaterThan(5)
    expect(rows[0]!.seconds).toBeLessThanOrEqual(8)
  })

  test('takes no row that is done, not due, or unknown', async () => {
    const items = worker()
    const [done, later] = [await addRendition(), await addRendition()]
    await finish(done).execute()
    await sql`update renditions set due_at = 'infinity' where id = ${later}`.execute(db)
    for (const id of [done, later, 'rnd_unknown']) expect(await items.claim('compose', id)).toBeUndefined()
  })

  test('takes a row whose worker was killed, when the lease has run out', async () => {
    const id = await addRendition()
    await claimed(stalledWorker(), id)
    expect(await worker().claim('compose', id)).toBeUndefined()
    await endLease(id)
    expect((await claimed(worker(), id)).row.starts).toBe(2)
  })

  test('does not wait for a row that a transaction holds', async () => {
    const id = await addRendition()
    await db.transaction().execute(async (trx) => {
      await sql`select from renditions where id = ${id} for update`.execute(trx)
      expect(await worker().claim('compose', id)).toBeUndefined()
    })
    expect(await worker().claim('compose', id)).toBeDefined()
  })

  test('starts nothing for a campaign that is paused, cancelled or not yet to begin', async () => {
    const blocked = [{ paused: ['user'] }, { status: 'cancelled' }, { notBefore: new Date(Date.now() + 3_600_000) }]
    for (const settings of blocked) {
      const other = await addCampaign(db, workspace, settings)
      const [composing] = await addRenditions(db, other, 1)
      const [planned] = await addGenerations(db, other, 1)
      const [paidFor] = await addGenerations(db, other, 1, { status: 'submitting' })
      expect(await worker().claim('compose', composing!)).toBeUndefined()
      expect(await worker().claim('generate', planned!)).toBeUndefined()
      expect(await worker().claim('generate', paidFor!)).toBeDefined()
    }
  })

  test('delivers nothing to a disabled endpoint', async () => {
    const [id] = await addDeliveries(db, await addEndpoint(db, workspace, { status: 'disabled' }), 1)
    expect(await worker().claim('deliver', id!)).toBeUndefined()
  })
})

describe('fencing', () => {
  test('a stalled worker that wakes later writes nothing', async () => {
    const id = await addRendition()
    const stalled = stalledWorker()
    const late = await claimed(stalled, id)
    await endLease(id)
    const next = await claimed(worker(), id)
    const write = (error: string) => db.updateTable('renditions').set({ status: 'failed', last_error: error })
    await expect(fenced(write('late'), late.lease, 'waiting')).rejects.toBeInstanceOf(LeaseLost)
    await expect(db.transaction().execute((trx) => holdLease(trx, late.lease, 'waiting'))).rejects.toBeInstanceOf(LeaseLost)
    expect(await stalled.release(late.lease, { afterMs: 0, error: 'late' })).toBe(false)
    expect(await rendition(id)).toMatchObject({ status: 'waiting', last_error: null, lease_token: next.lease.token })
    await fenced(db.updateTable('renditions').set({ status: 'ready', ...settled }), next.lease, ['waiting', 'composing'])
    expect(await rendition(id)).toMatchObject({ status: 'ready', lease_token: null, lease_until: null, starts: 0 })
  })

  test('writes nothing when the row has left the expected status', async () => {
    const id = await addRendition()
    const { lease } = await claimed(worker(), id)
    await sql`update renditions set status = 'cancelled' where id = ${id}`.execute(db)
    await expect(fenced(db.updateTable('renditions').set({ status: 'ready' }), lease, 'waiting')).rejects.toBeInstanceOf(
      LeaseLost,
    )
    expect((await rendition(id)).status).toBe('cancelled')
  })

  test('holdLease keeps everyone else out until the transaction ends', async () => {
    const id = await addRendition()
    const { lease } = await claimed(stalledWorker(), id)
    await endLease(id)
    await db.transaction().execute(async (trx) => {
      await holdLease(trx, lease, 'waiting')
      expect(await worker().claim('compose', id)).toBeUndefined()
      await fenced(trx.updateTable('renditions').set({ status: 'ready', ...settled }), lease, 'waiting')
    })
    expect((await rendition(id)).status).toBe('ready')
  })
})

describe('a lease', () => {
  test('is renewed while it is held, all of a process in one go', async () => {
    const items = worker({ leaseMs: 60_000, renewMs: 10 })
    const ids = await addRenditions(db, campaign, 20)
    const claims = await Promise.all(ids.map((id) => claimed(items, id)))
    const before = (await rendition(ids[19]!)).lease_until!
    await until(
      () => rendition(ids[19]!),
      (row) => row.lease_until! > before,
      'a renewal',
    )
    expect(claims.some(({ lease }) => lease.signal.aborted)).toBe(false)
    expect(items.held()).toBe(20)
  })

  test('fires its signal when another worker has taken the row', async () => {
    const id = await addRendition()
    const { lease } = await claimed(worker({ renewMs: 20 }), id)
    await sql`update renditions set lease_token = 'another' where id = ${id}`.execute(db)
    if (!lease.signal.aborted) await once(lease.signal, 'abort')
    expect(lease.signal.reason).toBeInstanceOf(LeaseLost)
  })

  test('fires its signal when it could not be renewed in time, as after SIGSTOP', async () => {
    const id = await addRendition()
    let now = 0
    const { lease } = await claimed(worker({ renewMs: 20, monotonic: () => now }), id)
    now = 8_000
    if (!lease.signal.aborted) await once(lease.signal, 'abort')
    expect(lease.signal.reason).toBeInstanceOf(LeaseLost)
  })

  test('survives a row that its own transaction has locked, and so do the others', async () => {
    const [locked, other] = await addRenditions(db, campaign, 2)
    const items = worker({ renewMs: 10 })
    const [own, second] = [await claimed(items, locked!), await claimed(items, other!)]
    await db.transaction().execute(async (trx) => {
      await holdLease(trx, own.lease, 'waiting')
      const before = (await rendition(other!)).lease_until!
      await until(
        () => rendition(other!),
        (row) => row.lease_until! > before,
        'a renewal of the other row',
      )
    })
    expect([own.lease.signal.aborted, second.lease.signal.aborted]).toEqual([false, false])
  })

  test('released at the end of the process leaves the row due at once', async () => {
    const id = await addRendition()
    const stopping = createWorkItems({ db, newToken: randomUUID })
    const { lease } = await claimed(stopping, id)
    await stopping.close()
    expect(lease.signal.aborted).toBe(true)
    expect((await claimed(worker(), id)).row.starts).toBe(2)
  })

  test('released for later keeps the status, the reason and the time', async () => {
    const id = await addRendition()
    const items = worker()
    const { lease } = await claimed(items, id)
    expect(await items.release(lease, { afterMs: 60_000, error: 'no room' })).toBe(true)
    const row = await rendition(id)
    expect(row).toMatchObject({ status: 'waiting', last_error: 'no room', lease_token: null, starts: 1 })
    expect(row.due_at.getTime() - Date.now()).toBeGreaterThan(50_000)
    expect(await worker().claim('compose', id)).toBeUndefined()
  })
})
