import type { Scope } from '#src/domain/scope.ts'
import { Retryable, Terminal } from '#src/errors.ts'
import { createCore } from '#test/support/core.ts'
import { addPlannedCampaign, type PlannedOptions } from '#test/support/planned-campaign.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

const core = await createCore()
const { db, campaigns, compositor, variants } = core
const usual = { ...compositor.orders }
const formats = ['reels_9x16', 'square_1x1']
afterAll(() => core.close())

let scope: Scope
beforeEach(async () => {
  Object.assign(compositor.orders, usual)
  compositor.composed.length = 0
  core.faults.length = 0
  scope = await createTestWorkspace(db)
})

async function launch(options: Partial<PlannedOptions> = {}): Promise<string> {
  const { id, digest } = await addPlannedCampaign(db, { workspaceId: scope.workspaceId, formats, ...options })
  await campaigns.launch(scope, id, { plan_digest: digest })
  return id
}
const eventsOf = async (type: string) => (await core.events.list(scope, { limit: 100 }, { type })).data
const variantsOf = async (id: string) => (await variants.list(scope, { limit: 100, campaign_id: id })).data
const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex')

/** Campaign with its clips there, and nothing composed yet. */
async function readyToCompose(options: Partial<PlannedOptions> = {}): Promise<string> {
  const id = await launch(options)
  compositor.orders.beforeCompose = async () => {
    throw new Retryable('Not yet.', { afterMs: 3_600_000 })
  }
  await core.settle(4)
  Object.assign(compositor.orders, usual)
  return id
}

test('a finished variant has every file in the store as recorded, and one event that says all a consumer needs', async () => {
  const id = await launch({ segmentsPerPrompt: 2 })
  await core.settle()
  expect(core.faults).toEqual([])
  const [variant] = await variantsOf(id)
  expect(variant).toMatchObject({ status: 'ready', revision: 1, segment_key: 's0' })
  expect(variant?.renditions.map((r) => [r.format, r.status, r.width, r.height])).toEqual([
    ['reels_9x16', 'ready', 1080, 1920],
    ['square_1x1', 'ready', 1080, 1080],
  ])
  const events = (await eventsOf('variant.ready')).map((event) => event.payload.data)
  expect(events).toHaveLength(2)
  const data = events.find((candidate) => candidate['variant_id'] === variant?.id)
  expect(data).toMatchObject({ segment_key: 's0', revision: 1, campaign: { id, metadata: { flight: 'ES-Q4' } } })
  const files = await db.selectFrom('files').selectAll().where('variant_id', '=', variant!.id).execute()
  expect(files).toHaveLength(6)
  for (const file of files) {
    const stored = await text((await core.store.get(file.object_key)).body)
    expect([sha256(stored), Buffer.byteLength(stored)]).toEqual([file.sha256, file.bytes])
  }
  expect((data!['renditions'] as { sha256: string }[]).map((r) => r.sha256)).toEqual(variant?.renditions.map((r) => r.sha256))
})

test('an equal rendition is never made twice in a workspace, and its links are its own', async () => {
  const first = await launch()
  await core.settle()
  expect(compositor.composed).toHaveLength(2)
  const second = await launch()
  await core.settle()
  expect(compositor.composed).toHaveLength(2)
  const [[a], [b]] = [await variantsOf(first), await variantsOf(second)]
  expect(b?.renditions.map((r) => r.sha256)).toEqual(a?.renditions.map((r) => r.sha256))
  expect(b?.renditions[0]?.url).not.toBe(a?.renditions[0]?.url)
  scope = await createTestWorkspace(db)
  await launch()
  await core.settle()
  expect(compositor.composed).toHaveLength(4)
})

test('one failed format fails the variant; its ready files are listed; retry repeats only what failed', async () => {
  let broken = true
  compositor.orders.beforeCompose = async ({ format }) => {
    if (broken && format.id === 'square_1x1') throw new Terminal('qa_failed', 'The first frame is black.')
  }
  const id = await launch()
  await core.settle()
  const [failed] = await variantsOf(id)
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'qa_failed' } })
  expect(failed?.renditions.map((r) => [r.status, r.url === null])).toEqual([
    ['ready', false],
    ['failed', true],
  ])
  expect((await campaigns.get(scope, id)).status).toBe('completed')
  expect(await Array.fromAsync(campaigns.manifest(scope, id))).toHaveLength(1)
  broken = false
  compositor.composed.length = 0
  expect(await variants.retry(scope, failed!.id)).toMatchObject({ status: 'rendering', revision: 2 })
  expect((await campaigns.get(scope, id)).status).toBe('rendering')
  await core.settle()
  expect(compositor.composed.map((c) => c.format.id)).toEqual(['square_1x1'])
  expect((await variantsOf(id))[0]).toMatchObject({ status: 'ready', revision: 2, error: null })
  const outcomes = [...(await eventsOf('variant.failed')), ...(await eventsOf('variant.ready'))]
  expect(outcomes.map((event) => [event.type, event.payload.data['revision']])).toEqual([
    ['variant.failed', 1],
    ['variant.ready', 2],
  ])
  expect(await eventsOf('campaign.completed')).toHaveLength(2)
  await expect(variants.retry(scope, failed!.id)).rejects.toMatchObject({ code: 'conflict' })
})

test('two workers that end the last two renditions at once write one outcome', async () => {
  const id = await readyToCompose({ segmentsPerPrompt: 10 })
  await core.settle()
  expect((await campaigns.get(scope, id)).counts.variants.ready).toBe(10)
  expect(await eventsOf('variant.ready')).toHaveLength(10)
})

test('a passing fault is tried again and leaves nothing behind', async () => {
  let faults = 2
  compositor.orders.beforeCompose = async () => {
    if (faults-- > 0) throw new Retryable('A child was lost.')
  }
  const id = await launch()
  await core.settle()
  expect((await campaigns.get(scope, id)).status).toBe('completed')
  expect(await readdir(join(core.dir, 'work'))).toEqual([])
})

describe('a worker that dies or stalls', () => {
  async function claimOne(id: string) {
    await core.skipWaits()
    const row = await db
      .selectFrom('renditions')
      .select('id')
      .where('campaign_id', '=', id)
      .orderBy('id')
      .executeTakeFirstOrThrow()
    const claim = await core.workItems.claim('compose', row.id)
    return { row: claim!.row, lease: claim!.lease, options: { signal: new AbortController().signal } }
  }
  const expire = (id: string) => sql`update renditions set lease_until = now() - interval '1 second' where id = ${id}`.execute(db)

  test('after the files were stored, before they were recorded: made again, recorded once', async () => {
    const id = await readyToCompose()
    const { row, lease, options } = await claimOne(id)
    await sql`alter table variants add constraint no_outcome check (status <> 'ready') not valid`.execute(db)
    await sql`update renditions set status = 'ready' where campaign_id = ${id} and id <> ${row.id}`.execute(db)
    await expect(core.handlers.compose.handle(row, lease, options)).rejects.toThrow()
    await sql`alter table variants drop constraint no_outcome`.execute(db)
    expect(await eventsOf('variant.ready')).toEqual([])
    expect(await db.selectFrom('files').select('id').where('variant_id', '=', row.variant_id).execute()).toEqual([])
    await sql`update renditions set status = 'waiting' where campaign_id = ${id}`.execute(db)
    await core.workItems.release(lease)
    await core.settle()
    expect(await eventsOf('variant.ready')).toHaveLength(1)
    expect(await db.selectFrom('files').select('id').where('variant_id', '=', row.variant_id).execute()).toHaveLength(6)
  })

  test('past its lease: the row is made elsewhere, and what it writes late changes nothing', async () => {
    const id = await readyToCompose()
    const { row, lease, options } = await claimOne(id)
    let resume = (): void => {}
    const stalled = new Promise<void>((resolve) => (resume = resolve))
    let begun = (): void => {}
    const composing = new Promise<void>((resolve) => (begun = resolve))
    compositor.orders.beforeCompose = async () => {
      Object.assign(compositor.orders, usual)
      begun()
      await stalled
    }
    const late = core.handlers.compose.handle(row, lease, options)
    await composing
    await expire(row.id)
    await core.settle()
    const before = await variantsOf(id)
    expect(before[0]?.status).toBe('ready')
    resume()
    await expect(late).rejects.toThrow('is lost')
    expect(await variantsOf(id)).toEqual(before)
    expect(await eventsOf('variant.ready')).toHaveLength(1)
  })

  test('while its campaign is cancelled: nothing is recorded', async () => {
    const id = await readyToCompose()
    const { row, lease, options } = await claimOne(id)
    compositor.orders.beforeCompose = async () => void (await campaigns.cancel(scope, id))
    await expect(core.handlers.compose.handle(row, lease, options)).rejects.toThrow('is lost')
    expect((await variantsOf(id))[0]).toMatchObject({ status: 'cancelled', renditions: [{ status: 'cancelled', url: null }, {}] })
  })
})

test('the manifest lists a thousand variants in the order of the audience', async () => {
  const id = await launch({ formats: ['reels_9x16'], segmentsPerPrompt: 1000 })
  const source = {
    bytes: 1,
    sha256: 'ab',
    media_type: 'video/mp4',
    file_name: 'f.mp4',
    object_key: 'k',
    workspace_id: scope.workspaceId,
  }
  await db
    .insertInto('files')
    .values([
      { ...source, id: `file_v${id}`, kind: 'video' },
      { ...source, id: `file_p${id}`, kind: 'poster' },
    ])
    .execute()
  await sql`update renditions set status = 'ready', video_file_id = ${`file_v${id}`}, poster_file_id = ${`file_p${id}`} where campaign_id = ${id}`.execute(
    db,
  )
  await sql`update variants set status = 'ready' where campaign_id = ${id}`.execute(db)
  const keys = (await Array.fromAsync(campaigns.manifest(scope, id))).map((row) => row.segment_key)
  expect(keys).toEqual(Array.from({ length: 1000 }, (_, i) => `s${i}`))
})
