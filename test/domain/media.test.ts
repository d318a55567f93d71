import { createMedia } from '#src/domain/media/service.ts'
import { maxUploadBytes, sniff } from '#src/domain/media/rules.ts'
import type { Scope } from '#src/domain/scope.ts'
import { Terminal } from '#src/errors.ts'
import { createFolderStore } from '#src/storage/folder.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let database: TestDatabase
let root: string
let scope: Scope
beforeAll(async () => {
  database = await createTestDatabase()
  root = await mkdtemp(join(tmpdir(), 'spotsmith-media-'))
  scope = await createTestWorkspace(database.db)
})
afterAll(async () => {
  await database.close()
  await rm(root, { recursive: true, force: true })
})

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

function library(inspectImage = async (_path: string) => ({ width: 1, height: 1 })) {
  const store = createFolderStore({ root: join(root, 'objects') })
  const media = createMedia({
    ids: newId,
    store,
    inspectImage,
    link: ({ id, file_name }) => `http://files/${id}/${file_name}`,
    tempDir: root,
  })
  return { store, media }
}
const upload = (bytes: Buffer | Readable, fileName = 'logo.png') =>
  library().media.create(scope, { fileName, body: bytes instanceof Readable ? bytes : Readable.from([bytes]) })

const leftovers = async () => (await readdir(root)).filter((name) => name.startsWith('upload-'))

describe('an upload', () => {
  it('is kept, described by its bytes, and listed', async () => {
    const made = await upload(png, 'C:\\logos\\my \u0007logo.svg')
    expect(made).toMatchObject({
      object: 'media',
      kind: 'image',
      media_type: 'image/png',
      name: 'my  logo.svg',
      bytes: png.length,
      width: 1,
      height: 1,
    })
    expect(made.sha256).toBe(createHash('sha256').update(png).digest('hex'))
    const row = await database.db
      .selectFrom('files')
      .select('object_key')
      .where('sha256', '=', made.sha256)
      .executeTakeFirstOrThrow()
    expect(await buffer((await library().store.get(row.object_key)).body)).toEqual(png)
    expect((await library().media.list(scope, { limit: 10, kind: 'image' })).data.map((m) => m.id)).toContain(made.id)
    expect((await library().media.list(scope, { limit: 10, kind: 'font' })).data).toEqual([])
    expect(await leftovers()).toEqual([])
  })

  it.each([
    ['svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['html', Buffer.from('<html>')],
    ['nothing', Buffer.alloc(0)],
    ['a GIF', Buffer.from('GIF89a')],
    ['an MP4 with video', Buffer.from('\0\0\0\x18ftypisom', 'latin1')],
  ])('of %s is refused', async (_name, bytes) => {
    await expect(upload(bytes)).rejects.toMatchObject({ code: 'invalid', errors: [{ pointer: '/file', code: 'bad_media' }] })
    expect(await leftovers()).toEqual([])
  })

  it('that cannot be opened as the image it claims to be is refused', async () => {
    const { media } = library(() => Promise.reject(new Terminal('bad_media', 'too many pixels')))
    await expect(media.create(scope, { fileName: 'x', body: Readable.from([png]) })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('too many pixels'),
    })
  })

  it('that is too large is refused on the way', async () => {
    let sent = 0
    const endless = Readable.from(
      (function* () {
        for (;;) {
          sent += 1024 * 1024
          yield Buffer.alloc(1024 * 1024, png)
        }
      })(),
    )
    await expect(upload(endless)).rejects.toMatchObject({ code: 'payload_too_large' })
    expect(sent).toBeLessThan(maxUploadBytes * 1.2)
    expect(await leftovers()).toEqual([])
  })

  it('that breaks off leaves nothing', async () => {
    const before = (await library().media.list(scope, { limit: 100 })).data.length
    const broken = async function* () {
      yield png
      throw new Error('gone')
    }
    await expect(upload(Readable.from(broken()))).rejects.toThrow('gone')
    expect((await library().media.list(scope, { limit: 100 })).data.length).toBe(before)
    expect(await leftovers()).toEqual([])
  })

  it('can be deleted, while its file stays for the plans that copied it', async () => {
    const made = await upload(png)
    await library().media.delete(scope, made.id)
    await expect(library().media.get(scope, made.id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(library().media.delete(scope, made.id)).rejects.toMatchObject({ code: 'not_found' })
    const files = await database.db.selectFrom('files').selectAll().where('sha256', '=', made.sha256).execute()
    expect(files.every((file) => file.removed_at === null)).toBe(true)
  })

  it('belongs to its workspace', async () => {
    const made = await upload(png)
    await expect(library().media.get(await createTestWorkspace(database.db), made.id)).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('bytes are known', () => {
  it.each([
    ['89504e470d0a1a0a', 'image/png'],
    ['ffd8ffe0', 'image/jpeg'],
    ['524946460000000057454250', 'image/webp'],
    ['774f4632', 'font/woff2'],
    ['4f54544f', 'font/otf'],
    ['0001000000', 'font/ttf'],
    ['524946460000000057415645', 'audio/wav'],
    ['494433', 'audio/mpeg'],
    ['fffb9064', 'audio/mpeg'],
    ['00000020667479704d344120', 'audio/mp4'],
    ['0000002066747970 69736f6d', undefined],
    ['ffffffff', undefined],
  ])('%s is %s', (hex, type) => {
    expect(sniff(Buffer.from(hex.replace(' ', ''), 'hex'))?.mediaType).toBe(type)
  })
})
