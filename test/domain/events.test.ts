import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEvents, type NewEvent } from '#src/domain/events/service.ts'
import { eventBody, eventTypes } from '#src/domain/events/types.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'

let database: TestDatabase
let scope: Scope
const events = createEvents({ ids: newId, now: () => Date.parse('2026-11-22T10:00:00Z') })

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

async function addEndpoint(
  values: { event_types?: string[]; status?: 'disabled'; deleted_at?: Date; campaign_id?: string } = {},
) {
  const id = newId('endpoint')
  const row = {
    id,
    workspace_id: scope.workspaceId,
    url: 'https://receiver.example/',
    secret_encrypted: Buffer.from('x'),
    ...values,
  }
  await database.db.insertInto('webhook_endpoints').values(row).execute()
  return id
}

const ready = (subjectId: string, more: Partial<NewEvent> = {}): NewEvent => ({
  workspaceId: scope.workspaceId,
  type: 'generation.ready',
  campaignId: null,
  subjectId,
  dedupeKey: `generation:${subjectId}:ready`,
  data: { generation_id: subjectId, campaign_id: null, model: 'storyboard/animatic', cost_micro_usd: 0 },
  ...more,
})

const deliveredTo = async () => {
  const rows = await database.db
    .selectFrom('deliveries as d')
    .innerJoin('events as v', 'v.id', 'd.event_id')
    .select(['d.endpoint_id', 'v.subject_id'])
    .where('d.workspace_id', '=', scope.workspaceId)
    .orderBy('v.sequence')
    .execute()
  return rows.map((row) => [row.subject_id, row.endpoint_id])
}

describe('emit', () => {
  beforeAll(async () => {
    scope = await createTestWorkspace(database.db)
  })

  it('stores the exact body once, and one delivery per endpoint that wants it', async () => {
    const all = await addEndpoint()
    const some = await addEndpoint({ event_types: ['generation.ready', 'variant.ready'] })
    await addEndpoint({ event_types: ['variant.ready'] })
    await addEndpoint({ status: 'disabled' })
    await addEndpoint({ deleted_at: new Date() })
    await events.emit(database.db, ready('gen_1'))
    const { data } = await events.list(scope, { limit: 10 })
    expect(data).toMatchObject([{ type: 'generation.ready', object: 'event', campaign_id: null }])
    const stored = await database.db.selectFrom('events').select('body').executeTakeFirstOrThrow()
    expect(stored.body).toBe(
      '{"type":"generation.ready","timestamp":"2026-11-22T10:00:00.000Z","data":{"generation_id":"gen_1","campaign_id":null,"model":"storyboard/animatic","cost_micro_usd":0}}',
    )
    expect(await deliveredTo()).toEqual(expect.arrayContaining([all, some].map((id) => ['gen_1', id])))
    expect(await deliveredTo()).toHaveLength(2)
  })

  it('drops what has the same key, with its deliveries, also inside one call', async () => {
    const before = await deliveredTo()
    await events.emit(database.db, ready('gen_1'))
    await events.emitMany(database.db, [ready('gen_1'), ready('gen_2'), ready('gen_2')])
    expect(await deliveredTo()).toHaveLength(before.length + 2)
  })

  it('lets one of two rivals that emit the same win', async () => {
    const emitted = ['a', 'b', 'c', 'd'].map(() => events.emit(database.db, ready('gen_raced')))
    await Promise.all(emitted)
    expect((await deliveredTo()).filter(([subject]) => subject === 'gen_raced')).toHaveLength(2)
  })

  it('leaves nothing when the transaction that caused it rolls back', async () => {
    const failing = database.db.transaction().execute(async (trx) => {
      await events.emit(trx, ready('gen_rolled_back'))
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect((await deliveredTo()).filter(([subject]) => subject === 'gen_rolled_back')).toEqual([])
  })

  it('keeps the order of 2,500 events, and characters that Postgres or JSON find special', async () => {
    const own = await createTestWorkspace(database.db)
    const many = Array.from({ length: 2500 }, (_, i) => ready(`gen_${i}`, { workspaceId: own.workspaceId }))
    many.push(ready('gen_odd', { workspaceId: own.workspaceId, data: { text: 'a\0b \\u0000 \' " \u{1F600} \uD800' } }))
    await events.emitMany(database.db, many)
    const rows = await database.db
      .selectFrom('events')
      .select(['subject_id', 'body'])
      .where('workspace_id', '=', own.workspaceId)
      .orderBy('sequence')
      .execute()
    expect(rows.map((row) => row.subject_id)).toEqual(many.map((event) => event.subjectId))
    expect((JSON.parse(rows.at(-1)!.body) as { data: unknown }).data).toEqual({ text: 'a\0b \\u0000 \' " \u{1F600} \uD800' })
  })

  it('nudges the deliverer only when somebody wants the event', async () => {
    const lonely = await createTestWorkspace(database.db)
    const heard: string[] = []
    const client = await database.pool.connect()
    client.on('notification', ({ payload }) => heard.push(payload ?? ''))
    await client.query('listen spotsmith_work')
    await events.emit(database.db, ready('gen_1', { workspaceId: lonely.workspaceId }))
    await events.emit(database.db, ready('gen_heard'))
    await client.query('select 1')
    client.release(true)
    expect(heard).toEqual(['deliver'])
  })
})

describe('reading and replaying', () => {
  beforeAll(async () => {
    scope = await createTestWorkspace(database.db)
  })

  it('pages newest first, filters, and keeps workspaces apart', async () => {
    for (const subject of ['gen_1', 'gen_2', 'gen_3']) await events.emit(database.db, ready(subject))
    await events.emit(database.db, ready('gen_4', { type: 'generation.failed', dedupeKey: 'failed' }))
    const first = await events.list(scope, { limit: 2 }, { type: 'generation.ready' })
    const second = await events.list(scope, { limit: 2, cursor: first.next_cursor! }, { type: 'generation.ready' })
    const subjects = [...first.data, ...second.data].map((event) => event.payload.data['generation_id'])
    expect(new Set(subjects)).toEqual(new Set(['gen_1', 'gen_2', 'gen_3']))
    expect(subjects).toHaveLength(3)
    expect([first.has_more, second.has_more]).toEqual([true, false])
    const stranger = await createTestWorkspace(database.db)
    expect((await events.list(stranger, { limit: 10 })).data).toEqual([])
    await expect(events.get(stranger, first.data[0]!.id)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('replays an event to those who want it now, with its id', async () => {
    const { data } = await events.list(scope, { limit: 1 }, { type: 'generation.failed' })
    await expect(events.replay(scope, data[0]!.id)).rejects.toMatchObject({ code: 'conflict' })
    const endpoint = await addEndpoint()
    expect(await events.replay(scope, data[0]!.id)).toMatchObject({ id: data[0]!.id })
    await events.replay(scope, data[0]!.id)
    expect(await deliveredTo()).toEqual([
      ['gen_4', endpoint],
      ['gen_4', endpoint],
    ])
    await expect(events.replay(scope, 'evt_none')).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('the table of event types', () => {
  it('has every type of the contract, and a schema for the whole body of each', () => {
    const campaign = ['planned', 'launched', 'paused', 'resumed', 'completed', 'cancelled', 'budget_exhausted', 'overrun']
    const expected = [
      ...campaign.map((name) => `campaign.${name}`),
      ...['in_review', 'ready', 'failed', 'rejected', 'erased'].map((name) => `variant.${name}`),
      ...['ready', 'failed', 'uncertain'].map((name) => `generation.${name}`),
      'model.sunset_soon',
      'endpoint.disabled',
      'endpoint.test',
    ]
    expect(Object.keys(eventTypes).toSorted()).toEqual(expected.toSorted())
    const body = {
      type: 'endpoint.test',
      timestamp: '2026-11-22T10:00:00.000Z',
      data: { endpoint_id: 'whe_1', url: 'https://r.example' },
    }
    expect(eventBody('endpoint.test').parse(body)).toEqual(body)
    expect(eventBody('endpoint.disabled').safeParse(body).success).toBe(false)
  })

  it.each(['variant.in_review', 'generation.ready', 'generation.failed', 'generation.uncertain'] as const)(
    'gives no link to a file in %s',
    (type) => {
      expect(Object.keys(eventTypes[type].data.shape).filter((name) => /url|rendition|clip/.test(name))).toEqual([])
    },
  )
})
