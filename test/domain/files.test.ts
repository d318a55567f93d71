import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createHmac } from 'node:crypto'
import { assert, constantFrom, integer, nat, property } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { capabilityText, expiryOf, parseToken } from '#src/domain/files/rules.ts'
import { createFiles, type Files, type NewFile } from '#src/domain/files/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'

const day = 86_400_000
const start = Date.UTC(2026, 10, 22, 9)
const sign = (value: string) => createHmac('sha256', 'key').update(value).digest('base64url')
const described: NewFile = {
  objectKey: 'ws/clip.mp4',
  kind: 'video',
  mediaType: 'video/mp4',
  fileName: 'été 9x16.mp4',
  bytes: 10,
  sha256: 'ab'.repeat(32),
}

describe('capabilities', () => {
  test('any token that is changed anywhere is another or none', () => {
    const token = capabilityText({ fileId: 'file_01jd', expiresAt: 1_795_000_000, version: 3 })
    const signed = `${token}.${sign(token)}`
    assert(
      property(nat(signed.length - 1), constantFrom('0', 'z', '.', '-', 'A'), (at, letter) => {
        const changed = signed.slice(0, at) + letter + signed.slice(at + 1)
        const parsed = parseToken(changed)
        return changed === signed || !parsed || sign(parsed.text) !== parsed.signature
      }),
    )
  })

  test('an expiry is on a day boundary, and never sooner than promised', () => {
    assert(
      property(integer({ min: 0, max: 4e12 }), integer({ min: 1, max: 365 }), (now, days) => {
        const seconds = expiryOf(now, days)
        return seconds % 86_400 === 0 && seconds * 1000 - now >= days * day && seconds * 1000 - now < (days + 1) * day
      }),
    )
  })
})

describe('files', () => {
  let database: TestDatabase
  let scope: Scope
  let files: Files
  let now = start
  const objects = new Map([['ws/clip.mp4', '0123456789']])
  const store = {
    async get(key: string, { range }: { range?: { start: number; end: number } } = {}) {
      const object = objects.get(key)
      if (object === undefined) throw Object.assign(new Error('gone'), { name: 'ObjectMissing' })
      const part = range ? object.slice(range.start, range.end + 1) : object
      return { body: Readable.from([Buffer.from(part)]), bytes: part.length }
    },
    presign: (key: string) => Promise.resolve(key.startsWith('bucket/') ? `https://bucket.example/${key}` : undefined),
  }
  const tokenOf = (link: string) => link.split('/').at(-2)!
  let sequence = 0
  const record = (more: Partial<NewFile> = {}) =>
    files.record(scope, { ...described, objectKey: `ws/${sequence++}.mp4`, ...more })

  beforeAll(async () => {
    database = await createTestDatabase()
    scope = await createTestWorkspace(database.db)
    files = createFiles({ db: database.db, store, newId, sign, publicUrl: 'https://ads.example/', now: () => now, linkDays: 30 })
  })
  afterAll(() => database?.close())

  /** A variant in a campaign, with as little around it as the schema asks for. */
  async function variant(review: string, status: string): Promise<string> {
    const [template, audience, campaign, id] = [newId('template'), newId('audience'), newId('campaign'), newId('variant')]
    const workspace_id = scope.workspaceId
    await scope.db.insertInto('templates').values({ id: template, workspace_id, name: 't' }).execute()
    await scope.db.insertInto('template_versions').values({ template_id: template, version: 1, workspace_id, spec: {} }).execute()
    await scope.db.insertInto('audiences').values({ id: audience, workspace_id, name: 'a' }).execute()
    await scope.db
      .insertInto('campaigns')
      .values({
        id: campaign,
        workspace_id,
        name: 'c',
        template_id: template,
        template_version: 1,
        audience_id: audience,
        audience_revision: 0,
        settings: { review },
      })
      .execute()
    await scope.db
      .insertInto('variants')
      .values({
        id,
        workspace_id,
        campaign_id: campaign,
        segment_key: 's',
        locale: 'en',
        position: 1,
        status,
        plan_revision: 1,
        texts: {},
      })
      .execute()
    return id
  }

  test('a link is absolute, carries the name, and answers with the bytes and ranges of them', async () => {
    const file = await record({ objectKey: 'ws/clip.mp4' })
    const link = files.link(file)
    expect(link).toMatch(/^https:\/\/ads\.example\/v1\/files\/file_[0-9a-z]+\.\d+\.1\.[\w-]{43}\/%C3%A9t%C3%A9%209x16\.mp4$/)
    const opened = await files.open(tokenOf(link))
    expect(opened.file).toMatchObject({ id: file.id, bytes: 10, media_type: 'video/mp4' })
    expect(await text(await opened.read())).toBe('0123456789')
    const part = await opened.stored({ start: 2, end: 4 })
    expect([part.bytes, await text(part.body)]).toEqual([3, '234'])
    expect(await opened.presign()).toBeUndefined()
  })

  test('where the store signs links, the file has one', async () => {
    const file = await record({ objectKey: 'bucket/a.mp4' })
    expect(await (await files.open(tokenOf(files.link(file)))).presign()).toBe('https://bucket.example/bucket/a.mp4')
  })

  test('a link is the same all day, and works for the promised days', async () => {
    const file = await record()
    const link = files.link(file)
    now = start + 14 * 3_600_000
    expect(files.link(file)).toBe(link)
    now = start + 30 * day
    await expect(files.open(tokenOf(link))).resolves.toBeTruthy()
    now = start + 31 * day
    await expect(files.open(tokenOf(link))).rejects.toMatchObject({ code: 'link_expired' })
    expect(files.link(file)).not.toBe(link)
    now = start
  })

  test('a token that was not signed here is not found, whatever it names', async () => {
    const token = tokenOf(files.link(await record()))
    const [id, expiry, version, signature] = token.split('.')
    const later = `${id}.${Number(expiry) + 86_400}.${version}.${signature}`
    const other = `${(await record()).id}.${expiry}.${version}.${signature}`
    for (const forged of [later, other, token.slice(0, -1), `${token}x`, 'x', '', '....', `${id}.${expiry}.${version}.`]) {
      await expect(files.open(forged)).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  test('revoking and removing end a link; a fresh link works after revoking', async () => {
    const [revoked, removed] = [await record(), await record()]
    const tokens = [revoked, removed].map((file) => tokenOf(files.link(file)))
    await files.revoke(scope, [revoked.id])
    await files.remove(scope, [removed.id])
    for (const token of tokens) await expect(files.open(token)).rejects.toMatchObject({ code: 'link_expired' })
    await expect(files.open(tokenOf(files.link({ ...revoked, link_version: 2 })))).resolves.toBeTruthy()
  })

  test('bytes that are gone from the store are not found', async () => {
    const opened = await files.open(tokenOf(files.link(await record({ objectKey: 'ws/lost.mp4' }))))
    await expect(opened.read()).rejects.toMatchObject({ code: 'not_found' })
  })

  test('another workspace cannot revoke a file', async () => {
    const file = await record()
    const other = await createTestWorkspace(database.db, 'other')
    await files.revoke(other, [file.id])
    await files.remove(other, [file.id])
    await expect(files.open(tokenOf(files.link(file)))).resolves.toBeTruthy()
  })

  test.each([
    ['none', 'rendering', true],
    ['all', 'in_review', false],
    ['all', 'rejected', false],
    // Ready, but this file is not the one that was approved.
    ['all', 'ready', false],
  ])('review %s, variant %s: seen without a key: %s', async (review, status, seen) => {
    const file = await record({ variantId: await variant(review, status) })
    const token = tokenOf(files.link(file))
    const outcome = await files.open(token).then(
      () => 'seen',
      (error: { code: string }) => error.code,
    )
    expect(outcome).toBe(seen ? 'seen' : 'forbidden')
    await expect(files.open(token, { reviewer: scope })).resolves.toBeTruthy()
  })

  test('a reviewer of another workspace is no reviewer here', async () => {
    const token = tokenOf(files.link(await record({ variantId: await variant('all', 'in_review') })))
    await expect(files.open(token, { reviewer: { workspaceId: 'ws_other' } })).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('renditions that share an object have links of their own', async () => {
    const [waiting, ready] = [await variant('all', 'in_review'), await variant('all', 'ready')]
    const rows = await files.recordAll(
      scope,
      [waiting, ready].map((variantId) => ({ ...described, variantId })),
    )
    const approved = database.db.updateTable('files').set({ approved_at: new Date(start) })
    await approved.where('id', '=', rows[1]!.id).execute()
    const [first, second] = rows.map((file) => files.open(tokenOf(files.link(file))))
    await expect(first).rejects.toMatchObject({ code: 'forbidden' })
    expect(await text(await (await second!).read())).toBe('0123456789')
  })
})
