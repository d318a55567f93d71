import { createEvents } from '#src/domain/events/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createApp } from '#src/http/app.ts'
import type { Services } from '#src/http/routes/index.ts'
import { notFound } from '#src/errors.ts'
import { createEventSignal } from '#src/queue/event-signal.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'

const campaign = newId('campaign')
const events = createEvents({ ids: newId, now: Date.now })
let database: TestDatabase
let scope: Scope
let url: string
let close: () => Promise<void>
const revoked = new Set<string>()

beforeAll(async () => {
  database = await createTestDatabase()
  scope = await createTestWorkspace(database.db)
  const signal = createEventSignal({ connectionString: database.connectionString, onError: () => {} })
  await signal.start()
  const get = (_scope: Scope, id: string) =>
    id === campaign ? Promise.resolve({ id }) : Promise.reject(notFound('campaign', id))
  const app = await createApp({
    db: database.db,
    authenticate: async (bearer) =>
      revoked.has(bearer) ? undefined : { workspaceId: scope.workspaceId, keyId: 'key_1', scopes: ['read'] },
    services: { events, campaigns: { get } } as unknown as Services,
    health: { readiness: async () => ({}) },
    newRequestId: () => newId('request'),
    requestsPerMinute: 1000,
    waitForEvents: signal.wait,
  })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  close = async () => {
    await app.close()
    await signal.close()
    await database.close()
  }
})
afterAll(() => close())

let number = 0
const emit = (db = database.db) => {
  number += 1
  const event = { workspaceId: scope.workspaceId, type: 'campaign.paused' as const, campaignId: campaign, subjectId: campaign }
  return events.emit(db, { ...event, dedupeKey: `n${number}`, data: { number } })
}

/** The numbers and ids of the first `count` events. */
async function read(
  count: number,
  { query = '', last, key = 'spk_reader' }: { query?: string; last?: string; key?: string } = {},
) {
  const answer = await fetch(`${url}/v1/campaigns/${campaign}/stream${query}`, {
    headers: { authorization: `Bearer ${key}`, ...(last && { 'last-event-id': last }) },
  })
  const stream = answer.body!.pipeThrough(new TextDecoderStream())
  const seen: { id: string; number: number }[] = []
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    const frames = text.split('\n\n')
    text = frames.pop()!
    for (const frame of frames) {
      const [, id, body] = /^id: (.+)\nevent: campaign\.paused\ndata: (.+)$/.exec(frame) ?? []
      if (id) seen.push({ id, number: (JSON.parse(body!) as { data: { number: number } }).data.number })
    }
    if (seen.length >= count) break
  }
  return seen
}

it('goes on after any event, without a gap and without a repeat', async () => {
  for (let i = 0; i < 5; i++) await emit()
  const all = await read(5)
  expect(all.map((event) => event.number)).toEqual([1, 2, 3, 4, 5])
  for (const [i, { id }] of all.slice(0, 4).entries()) {
    expect((await read(4 - i, { last: id })).map((event) => event.number)).toEqual([2, 3, 4, 5].slice(i))
  }
})

it('does not run ahead of a transaction that is still open', async () => {
  const opened = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow = database.db.transaction().execute(async (trx) => {
    await emit(trx)
    opened.resolve()
    await goOn.promise
  })
  await opened.promise
  const older = number
  await emit()
  const last = (await read(5)).at(-1)!.id
  expect(await events.after(scope, campaign, last)).toEqual([])
  goOn.resolve()
  await slow
  expect((await read(2, { last })).map((event) => event.number)).toEqual([older, older + 1])
})

it('tells watchers of what happens while they watch', async () => {
  const watchers = Array.from({ length: 10 }, () => read(1, { query: '?from=now' }))
  const stop = new AbortController()
  const emitting = (async () => {
    while (!stop.signal.aborted) await emit()
  })()
  const seen = await Promise.all(watchers)
  stop.abort()
  await emitting
  expect(seen.every((numbers) => numbers.length > 0)).toBe(true)
})

it('ends when the key is revoked', async () => {
  const reading = read(1_000_000, { key: 'spk_gone' })
  revoked.add('spk_gone')
  expect(await reading).toBeInstanceOf(Array)
})

it('refuses a cursor that it did not give, and campaigns of others', async () => {
  const ask = (id: string, last: string) =>
    fetch(`${url}/v1/campaigns/${id}/stream`, { headers: { authorization: 'Bearer spk_reader', 'last-event-id': last } })
  expect(await (await ask(campaign, '99999999999999999999-1')).json()).toMatchObject({ status: 422, code: 'invalid' })
  expect((await ask(newId('campaign'), '1-1')).status).toBe(404)
})
