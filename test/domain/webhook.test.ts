import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEvents } from '#src/domain/events/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createWebhookEndpoints } from '#src/domain/webhook/service.ts'
import { createSecrets } from '#src/instance-keys.ts'
import { createGuard } from '#src/network/guard.ts'
import { createSigningKeys } from '#src/webhooks/secret.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
const secrets = createSecrets('a test key of at least 32 characters', random)
const guard = createGuard({
  lookup: (name) => Promise.resolve([{ address: name.startsWith('in.') ? '10.0.0.1' : '93.184.215.14', family: 4 }]),
})
const signingKeys = createSigningKeys({ random })
let clock = Date.parse('2026-11-22T10:00:00Z')
const now = () => clock
const events = createEvents({ ids: newId, now })
const endpoints = createWebhookEndpoints({
  ids: newId,
  now,
  ...secrets,
  events,
  signingKeys,
  checkTarget: (target) => guard.check(target),
})

let database: TestDatabase
let scope: Scope
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  scope = await createTestWorkspace(database.db)
})

const url = 'https://receiver.example/hooks?token=t'
const stored = (id: string) =>
  database.db.selectFrom('webhook_endpoints').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const faultsOf = (promise: Promise<unknown>) =>
  promise.then(
    () => [],
    (error: { errors: { pointer: string; code: string }[] }) => error.errors.map(({ pointer, code }) => `${pointer} ${code}`),
  )

describe('creating an endpoint', () => {
  it('shows its secret once, and keeps it encrypted', async () => {
    const { secret, ...shown } = await endpoints.create(scope, { url })
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(await endpoints.get(scope, shown.id)).toEqual(shown)
    expect(shown).toMatchObject({ status: 'enabled', event_types: null, campaign_id: null, max_concurrency: 8, signature: 'v1' })
    const { secret_encrypted } = await stored(shown.id)
    expect(secret_encrypted.includes(Buffer.from(secret!.slice(6)))).toBe(false)
    expect(secrets.decrypt(secret_encrypted)).toBe(secret)
  })

  it('takes a secret of the caller', async () => {
    const secret = signingKeys.generate('v1')
    expect(await endpoints.create(scope, { url, secret })).toMatchObject({ secret })
  })

  it('gives the public key, and never the private one, with v1a', async () => {
    const shown = await endpoints.create(scope, { url, signature: 'v1a' })
    expect(shown.public_key).toMatch(/^whpk_/)
    expect(shown).not.toHaveProperty('secret')
    expect(await endpoints.get(scope, shown.id)).toEqual(shown)
    const rotated = await endpoints.rotateSecret(scope, shown.id, {})
    expect(rotated.public_key).not.toBe(shown.public_key)
    expect(rotated).not.toHaveProperty('secret')
  })

  it('lists every fault with a pointer to it', async () => {
    const input = {
      url: 'https://in.example/',
      event_types: ['variant.ready', 'variant.raedy'],
      campaign_id: 'cmp_none',
      secret: 'whsec_short',
    }
    expect(await faultsOf(endpoints.create(scope, input))).toEqual([
      '/url private_target',
      '/event_types/1 unknown_event_type',
      '/campaign_id not_found',
      '/secret invalid_secret',
    ])
    expect(await faultsOf(endpoints.create(scope, { url: 'http://receiver.example/' }))).toEqual(['/url scheme_not_allowed'])
    expect(await faultsOf(endpoints.create(scope, { url, signature: 'v1a', secret: signingKeys.generate('v1') }))).toEqual([
      '/secret invalid_secret',
    ])
    expect((await endpoints.list(scope, { limit: 10 })).data).toEqual([])
  })
})

describe('changing an endpoint', () => {
  it('changes what was given and nothing else, and judges a new target', async () => {
    const { id } = await endpoints.create(scope, {
      url,
      description: 'old',
      event_types: ['variant.ready'],
      metadata: { a: '1' },
    })
    clock += 1000
    const changed = await endpoints.patch(scope, id, { event_types: null, max_concurrency: 2 })
    expect(changed).toMatchObject({ description: 'old', event_types: null, max_concurrency: 2, metadata: { a: '1' }, url })
    expect(changed.updated_at).toBe(new Date(clock).toISOString())
    expect(await faultsOf(endpoints.patch(scope, id, { url: 'https://127.0.0.1/' }))).toEqual(['/url private_target'])
  })

  it('cancels what waits when it is disabled, and gets it back by recovery once enabled', async () => {
    const { id } = await endpoints.create(scope, { url })
    await endpoints.test(scope, id)
    const disabled = await endpoints.patch(scope, id, { status: 'disabled' })
    expect(disabled.disabled_reason).toMatch(/API/)
    const [waiting] = (await endpoints.deliveries(scope, { limit: 10 }, { endpoint_id: id })).data
    expect(waiting).toMatchObject({ status: 'cancelled', due_at: null })
    const since = new Date(Date.now() - 60_000).toISOString()
    const refused = [
      () => endpoints.test(scope, id),
      () => endpoints.recover(scope, id, { since }),
      () => endpoints.retryDelivery(scope, waiting!.id),
    ]
    for (const call of refused) await expect(call()).rejects.toMatchObject({ code: 'conflict' })
    expect(await endpoints.patch(scope, id, { status: 'enabled' })).toMatchObject({ disabled_reason: null, failing_since: null })
    expect(await endpoints.recover(scope, id, { since: new Date(Date.now() + 60_000).toISOString() })).toMatchObject({
      deliveries: 0,
    })
    expect(await endpoints.recover(scope, id, { since })).toEqual({ object: 'recovery', endpoint_id: id, deliveries: 1 })
    expect(await endpoints.getDelivery(scope, waiting!.id)).toMatchObject({ status: 'due', attempts: [] })
  })

  it('is gone when deleted, with what waited for it', async () => {
    const { id } = await endpoints.create(scope, { url })
    await endpoints.test(scope, id)
    await endpoints.delete(scope, id)
    await expect(endpoints.get(scope, id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(endpoints.delete(scope, id)).rejects.toMatchObject({ code: 'not_found' })
    expect((await endpoints.list(scope, { limit: 10 })).data).toEqual([])
    expect((await endpoints.deliveries(scope, { limit: 10 })).data).toMatchObject([{ status: 'cancelled' }])
  })

  it('keeps the old secret for the overlap, or not at all', async () => {
    const created = await endpoints.create(scope, { url })
    const rotated = await endpoints.rotateSecret(scope, created.id, {})
    expect(rotated.secret).not.toBe(created.secret)
    const row = await stored(created.id)
    expect(secrets.decrypt(row.previous_secret_encrypted!)).toBe(created.secret)
    expect(row.previous_secret_until!.getTime() - clock).toBe(24 * 3_600_000)
    await expect(endpoints.rotateSecret(scope, created.id, {})).rejects.toMatchObject({ code: 'conflict' })
    expect((await stored(created.id)).secret_encrypted).toEqual(row.secret_encrypted)
    await endpoints.rotateSecret(scope, created.id, { overlap_hours: 0 })
    expect(await stored(created.id)).toMatchObject({ previous_secret_encrypted: null, previous_secret_until: null })
    expect(await faultsOf(endpoints.rotateSecret(scope, created.id, { secret: 'whsec_' }))).toEqual(['/secret invalid_secret'])
  })

  it('writes who changed it into the audit log, without secrets', async () => {
    const { id, secret } = await endpoints.create(scope, { url })
    await endpoints.rotateSecret(scope, id, {})
    const rows = await database.db.selectFrom('audit_log').selectAll().where('subject', '=', id).execute()
    expect(new Set(rows.map((row) => row.action))).toEqual(new Set(['endpoint.created', 'endpoint.secret_rotated']))
    expect(JSON.stringify(rows)).not.toContain(secret!.slice(6))
  })
})

describe('workspaces', () => {
  it("hide each other's endpoints and deliveries", async () => {
    const { id } = await endpoints.create(scope, { url })
    await endpoints.test(scope, id)
    const [delivery] = (await endpoints.deliveries(scope, { limit: 10 })).data
    const stranger = await createTestWorkspace(database.db)
    const since = new Date(0).toISOString()
    const refused: (() => Promise<unknown>)[] = [
      () => endpoints.get(stranger, id),
      () => endpoints.patch(stranger, id, { description: 'mine' }),
      () => endpoints.delete(stranger, id),
      () => endpoints.rotateSecret(stranger, id, {}),
      () => endpoints.test(stranger, id),
      () => endpoints.recover(stranger, id, { since }),
      () => endpoints.getDelivery(stranger, delivery!.id),
      () => endpoints.retryDelivery(stranger, delivery!.id),
    ]
    for (const call of refused) await expect(call()).rejects.toMatchObject({ code: 'not_found' })
    expect((await endpoints.deliveries(stranger, { limit: 10 })).data).toEqual([])
    expect(await endpoints.get(scope, id)).toMatchObject({ description: '', status: 'enabled' })
  })

  it('page through endpoints, newest first', async () => {
    for (const description of ['1', '2', '3']) await endpoints.create(scope, { url, description })
    const first = await endpoints.list(scope, { limit: 2 })
    const second = await endpoints.list(scope, { limit: 2, cursor: first.next_cursor! })
    expect([first.data.length, second.data.length, second.has_more]).toEqual([2, 1, false])
    expect(new Set([...first.data, ...second.data].map((e) => e.description))).toEqual(new Set(['1', '2', '3']))
  })
})
