import { isWellFormed, newKey } from '#src/domain/workspace/keys.ts'
import { createWorkspaces } from '#src/domain/workspace/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createTestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

const database = await createTestDatabase()
const { db } = database
const clock = { now: Date.now() }
const random = (bytes: Uint8Array) => randomFillSync(bytes)
const make = () => createWorkspaces({ ids: newId, now: () => clock.now, random })
const workspaces = make()
afterAll(() => database.close())

let scope: Scope
beforeEach(async () => {
  scope = await createTestWorkspace(db)
})

describe('a key', () => {
  test('is well-formed, and no longer so after any one change', () => {
    const key = newKey(random)
    expect(key).toMatch(/^spk_[0-9A-Za-z]{36}$/)
    expect(isWellFormed(key)).toBe(true)
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 39 }), fc.constantFrom(...'0aZ9kQ'), (at, letter) => {
        const changed = key.slice(0, at) + letter + key.slice(at + 1)
        expect(isWellFormed(changed)).toBe(changed === key)
      }),
    )
  })

  test('is shown once, and recognised with its scopes', async () => {
    const made = await workspaces.createKey(scope, { name: 'ci', scopes: ['read', 'read', 'write'] }, ['admin'])
    expect(await workspaces.authenticate(db, made.key)).toEqual({
      workspaceId: scope.workspaceId,
      keyId: made.id,
      scopes: ['read', 'write'],
    })
    const listed = await workspaces.listKeys(scope, { limit: 10 })
    expect(JSON.stringify(listed)).not.toContain(made.key)
    expect(listed.data[0]).toMatchObject({ id: made.id, prefix: made.key.slice(0, 12) })
    const stored = await db.selectFrom('api_keys').selectAll().where('id', '=', made.id).executeTakeFirstOrThrow()
    expect(Object.values(stored).map(String).join()).not.toContain(made.key)
  })

  test('that was revoked stops working: at once here, within 5 s on another node', async () => {
    const other = make()
    const { id, key } = await workspaces.createKey(scope, { name: 'ci', scopes: ['read'] }, ['admin'])
    expect(await workspaces.authenticate(db, key)).toBeDefined()
    expect(await other.authenticate(db, key)).toBeDefined()
    await workspaces.deleteKey(scope, id)
    expect(await workspaces.authenticate(db, key)).toBeUndefined()
    clock.now += 5000
    expect(await other.authenticate(db, key)).toBeUndefined()
    await expect(workspaces.deleteKey(scope, id)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('gives nobody more than its maker has', async () => {
    const grant = (scopes: string[], workspace_id?: string) =>
      workspaces.createKey(scope, { name: 'x', scopes, workspace_id }, ['admin', 'read'])
    await expect(grant(['operator'])).rejects.toMatchObject({ code: 'forbidden' })
    const { workspaceId } = await createTestWorkspace(db)
    await expect(grant(['read'], workspaceId)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(grant(['fly'])).rejects.toMatchObject({ code: 'invalid', errors: [{ pointer: '/scopes/0' }] })
    const made = await workspaces.createKey(scope, { name: 'x', scopes: ['read'], workspace_id: workspaceId }, ['operator'])
    expect(made.workspace_id).toBe(workspaceId)
  })

  test('that nobody made is nobody', async () => {
    for (const bearer of ['', 'spk_', newKey(random), 'x'.repeat(10_000)]) {
      expect(await workspaces.authenticate(db, bearer)).toBeUndefined()
    }
  })
})

test('the first key makes the workspace "default", once, however many processes start', async () => {
  const key = 'a bootstrap key of more than thirty-two characters'
  const all = await Promise.all(Array.from({ length: 8 }, () => make().bootstrap(db, key)))
  expect(all.filter(({ created }) => created)).toHaveLength(1)
  expect(new Set(all.map(({ workspaceId }) => workspaceId)).size).toBe(1)
  expect((await workspaces.authenticate(db, key))?.scopes).toContain('operator')
  const again = await make().bootstrap(db, 'another bootstrap key of more than 32 characters')
  expect(again).toMatchObject({ created: true, workspaceId: all[0]!.workspaceId })
})

test('a deleted workspace is gone for its keys; nobody deletes their own', async () => {
  const { id } = await workspaces.create(scope, { name: 'Tenant' })
  const { key } = await workspaces.createKey(scope, { name: 'x', scopes: ['read'], workspace_id: id }, ['operator'])
  await expect(workspaces.delete(scope, scope.workspaceId)).rejects.toMatchObject({ code: 'conflict' })
  await workspaces.delete(scope, id)
  expect(await workspaces.authenticate(db, key)).toBeUndefined()
  await expect(workspaces.get(scope, id)).rejects.toMatchObject({ code: 'not_found' })
  await expect(workspaces.patch(scope, id, { name: 'x' })).rejects.toMatchObject({ code: 'not_found' })
})

test('the log says who did what', async () => {
  const { id } = await workspaces.create(scope, { name: 'Tenant', budget_per_month_micro_usd: 5, metadata: { a: 'b' } })
  await workspaces.patch({ ...scope, requestId: 'req_1' }, id, { name: 'Renamed' })
  const { data } = await workspaces.auditLog(scope, { limit: 10 })
  expect(data.map((entry) => [entry.action, entry.subject, entry.request_id])).toEqual([
    ['workspace.changed', id, 'req_1'],
    ['workspace.created', id, null],
  ])
  expect(await workspaces.get(scope, id)).toMatchObject({ name: 'Renamed', budget_per_month_micro_usd: 5, metadata: { a: 'b' } })
})
