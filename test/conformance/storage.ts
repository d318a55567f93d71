/** What every object store promises; run over each in test/storage. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ObjectMissing, RangeOutside } from '#src/storage/storage.ts'
import type { ObjectStore } from '#src/storage/storage.ts'

export interface OpenedStore {
  readonly store: ObjectStore
  close(): Promise<void>
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const oddKeys = ['a b+c.mp4', 'é/日本 %41.mp4', 'q?x#y&z.mp4', "it's (1).mp4", 'a:b@c=d,e;f!g$h*.mp4', '~tilde/[brackets]{}.mp4']
const badKeys = [
  '',
  '/a',
  'a/',
  'a//b',
  '../a',
  'a/../../b',
  './a',
  '.tmp/a',
  'a\\b',
  'a\u0000b',
  'a\nb',
  'x'.repeat(300),
  'a/'.repeat(500) + 'a',
]

function* zeros(count: number, chunk: Buffer): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield chunk
}

/** Yields some bytes and then fails, as a source that is cut off does. */
function cutOff(bytes: number): Readable {
  async function* source() {
    for (let sent = 0; sent < bytes; sent += 65_536) yield randomBytes(65_536)
    await Promise.resolve()
    throw new Error('the source was cut off')
  }
  return Readable.from(source())
}

export function describeStorage(name: string, open: () => Promise<OpenedStore>): void {
  describe(`object store: ${name}`, () => {
    let opened: OpenedStore
    let store: ObjectStore
    beforeAll(async () => {
      opened = await open()
      store = opened.store
    }, 300_000)
    afterAll(() => opened?.close())

    const put = (key: string, bytes: Uint8Array, mediaType = 'video/mp4') =>
      store.put(key, Readable.from([Buffer.from(bytes)]), { mediaType })
    const read = async (key: string) => buffer((await store.get(key)).body)
    const keysOf = async (prefix: string) => (await Array.fromAsync(store.list(prefix))).map(({ key }) => key).sort()

    test('check passes', () => expect(store.check()).resolves.toBeUndefined())

    test('what is put is what is got, with its size, digest and type', async () => {
      const bytes = randomBytes(200_000)
      expect(await put('one/clip.mp4', bytes)).toEqual({ bytes: 200_000, sha256: sha256(bytes) })
      const got = await store.get('one/clip.mp4')
      expect(got).toMatchObject({ bytes: 200_000, mediaType: 'video/mp4' })
      expect(sha256(await buffer(got.body))).toBe(sha256(bytes))
      expect(await store.head('one/clip.mp4')).toMatchObject({ bytes: 200_000, mediaType: 'video/mp4' })
    })

    test('an empty object is an object', async () => {
      expect(await put('empty.json', Buffer.alloc(0), 'application/json')).toEqual({ bytes: 0, sha256: sha256(Buffer.alloc(0)) })
      expect(await store.head('empty.json')).toEqual({ bytes: 0, mediaType: 'application/json' })
      expect(await read('empty.json')).toHaveLength(0)
    })

    test('the media type is kept where the name says another or none, and follows a replacement', async () => {
      await put('types/blob', Buffer.from('x'), 'image/webp')
      await put('types/a.mp4', Buffer.from('x'), 'audio/mp4')
      expect([await store.head('types/blob'), await store.head('types/a.mp4')].map((o) => o?.mediaType)).toEqual([
        'image/webp',
        'audio/mp4',
      ])
      await put('types/a.mp4', Buffer.from('y'))
      expect(await store.get('types/a.mp4').then(({ body, mediaType }) => (body.destroy(), mediaType))).toBe('video/mp4')
    })

    test('putting again replaces', async () => {
      await put('twice.mp4', Buffer.from('first, and longer'))
      await put('twice.mp4', Buffer.from('second'))
      expect(String(await read('twice.mp4'))).toBe('second')
    })

    test('what is not there is missing, and can be deleted', async () => {
      await expect(store.get('nowhere/at/all')).rejects.toThrow(ObjectMissing)
      await expect(store.head('nowhere/at/all')).resolves.toBeUndefined()
      await expect(store.delete('nowhere/at/all')).resolves.toBeUndefined()
    })

    test('a deleted object is gone, its neighbour stays', async () => {
      await put('pair/a.mp4', Buffer.from('a'))
      await put('pair/b.mp4', Buffer.from('b'))
      await store.delete('pair/a.mp4')
      expect(await keysOf('pair/')).toEqual(['pair/b.mp4'])
      await expect(store.get('pair/a.mp4')).rejects.toThrow(ObjectMissing)
    })

    test('ranges: inside, across the end, outside', async () => {
      const bytes = randomBytes(1000)
      await put('ranged.mp4', bytes)
      const inside = await store.get('ranged.mp4', { range: { start: 100, end: 199 } })
      expect(inside.bytes).toBe(100)
      expect(await buffer(inside.body)).toEqual(bytes.subarray(100, 200))
      const across = await store.get('ranged.mp4', { range: { start: 990, end: 5000 } })
      expect(across.bytes).toBe(10)
      expect(await buffer(across.body)).toEqual(bytes.subarray(990))
      await expect(store.get('ranged.mp4', { range: { start: 1000, end: 1001 } })).rejects.toThrow(RangeOutside)
    })

    test.each([
      ['small', 200_000],
      ['of several parts', 20_000_000],
    ])('a source that is cut off (%s) leaves the old object', async (_, size) => {
      await put('cut.mp4', Buffer.from('whole'))
      await expect(store.put('cut.mp4', cutOff(size), { mediaType: 'video/mp4' })).rejects.toThrow('cut off')
      expect(String(await read('cut.mp4'))).toBe('whole')
    })

    test('an aborted put leaves the old object', async () => {
      await put('aborted.mp4', Buffer.from('whole'))
      const abort = new AbortController()
      const source = Readable.from(
        (async function* () {
          yield randomBytes(9_000_000)
          abort.abort(new Error('lease lost'))
          yield randomBytes(9_000_000)
        })(),
      )
      await expect(store.put('aborted.mp4', source, { mediaType: 'video/mp4', signal: abort.signal })).rejects.toThrow(
        /abort|lease lost/i,
      )
      expect(String(await read('aborted.mp4'))).toBe('whole')
      expect(source.destroyed).toBe(true)
    })

    test('an object of several parts arrives whole', async () => {
      const chunk = randomBytes(1_000_000)
      const hash = createHash('sha256')
      for (const part of zeros(20, chunk)) hash.update(part)
      const written = await store.put('parts.mp4', Readable.from(zeros(20, chunk)), { mediaType: 'video/mp4' })
      expect(written).toEqual({ bytes: 20_000_000, sha256: hash.digest('hex') })
      expect(sha256(await read('parts.mp4'))).toBe(written.sha256)
    })

    test('300 MB pass through in bounded memory', async () => {
      const chunk = Buffer.alloc(1024 * 1024, 7)
      let peak = 0
      const before = process.memoryUsage.rss()
      const watched = (function* () {
        for (const part of zeros(300, chunk)) {
          peak = Math.max(peak, process.memoryUsage.rss() - before)
          yield part
        }
      })()
      const started = performance.now()
      const written = await store.put('large.mp4', Readable.from(watched), { mediaType: 'video/mp4' })
      console.log(
        `${name}: 300 MB in ${Math.round(performance.now() - started)} ms, memory grew by ${Math.round(peak / 2 ** 20)} MB`,
      )
      expect(written.bytes).toBe(300 * 1024 * 1024)
      expect(peak).toBeLessThan(150 * 2 ** 20)
      await store.delete('large.mp4')
    })

    test('writers of one key do not mix', async () => {
      const bodies = Array.from({ length: 6 }, () => randomBytes(300_000))
      await Promise.all(bodies.map((bytes) => put('raced.mp4', bytes)))
      expect(bodies.map(sha256)).toContain(sha256(await read('raced.mp4')))
    })

    test('putting into a folder while its last object is deleted', async () => {
      for (let i = 0; i < 10; i++) {
        await put('busy/deep/old.mp4', Buffer.from('old'))
        await Promise.all([store.delete('busy/deep/old.mp4'), put('busy/deep/new.mp4', Buffer.from('new'))])
        expect(String(await read('busy/deep/new.mp4'))).toBe('new')
      }
    })

    test('a list holds what begins with the prefix and nothing else', async () => {
      const under = `list-${randomUUID()}`
      for (const key of ['a/1.mp4', 'a/2.mp4', 'a/deep/3.mp4', 'ab/4.mp4', 'b/5.mp4'])
        await put(`${under}/${key}`, Buffer.from(key))
      expect(await keysOf(`${under}/a`)).toEqual(['a/1.mp4', 'a/2.mp4', 'a/deep/3.mp4', 'ab/4.mp4'].map((k) => `${under}/${k}`))
      expect(await keysOf(`${under}/a/`)).toHaveLength(3)
      expect(await keysOf(`${under}/none/`)).toEqual([])
      const [first] = await Array.fromAsync(store.list(`${under}/b/`))
      expect(first).toMatchObject({ key: `${under}/b/5.mp4`, bytes: 7 })
      expect(Math.abs(Date.now() - first!.modifiedAt.getTime())).toBeLessThan(60_000)
    })

    test.each(oddKeys)('the key %j survives', async (key) => {
      await put(`odd/${key}`, Buffer.from(key))
      expect(String(await read(`odd/${key}`))).toBe(key)
      expect(await keysOf('odd/')).toContain(`odd/${key}`)
    })

    test.each(badKeys.map((key) => [key.slice(0, 20), key]))('the key %j is refused', async (_, key) => {
      await expect(put(key, Buffer.from('x'))).rejects.toThrow('no object key')
      await expect(store.get(key)).rejects.toThrow('no object key')
    })

    test('a link, where there are links, answers with type, name and ranges', async () => {
      await put('linked.bin', Buffer.from('0123456789'), 'application/octet-stream')
      const link = await store.presign('linked.bin', { seconds: 60, mediaType: 'video/mp4', fileName: 'é "1".mp4' })
      if (link === undefined) return
      const answer = await fetch(link, { headers: { range: 'bytes=2-4' } })
      expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([206, '234', 'video/mp4'])
      expect(answer.headers.get('content-disposition')).toBe(
        `inline; filename="_ _1_.mp4"; filename*=UTF-8''%C3%A9%20%221%22.mp4`,
      )
      expect((await fetch(link.replace(/Signature=.{8}/, 'Signature=00000000'))).status).toBe(403)
    })
  })
}
