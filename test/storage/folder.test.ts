import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { createFolderStore } from '#src/storage/folder.ts'
import { describeStorage } from '#test/conformance/storage.ts'

const base = await mkdtemp(join(tmpdir(), 'spotsmith-folder-'))
afterAll(() => rm(base, { recursive: true, force: true }))

describeStorage('folder', () =>
  Promise.resolve({ store: createFolderStore({ root: join(base, 'store') }), close: () => Promise.resolve() }),
)

const names = async (folder: string) => (await readdir(folder, { recursive: true })).sort()

test('deleting the last object of a folder removes the folder and leaves no temporary file', async () => {
  const root = join(base, 'pruned')
  const store = createFolderStore({ root })
  await store.put('ws/a/clip.mp4', Readable.from([Buffer.from('x')]), { mediaType: 'video/mp4' })
  await store.put('ws/a/odd', Readable.from([Buffer.from('x')]), { mediaType: 'image/png' })
  await store.delete('ws/a/clip.mp4')
  await store.delete('ws/a/odd')
  expect(await names(root)).toEqual(['.tmp'])
})

test('a check removes temporary files that a killed process left, and no young ones', async () => {
  const root = join(base, 'leftovers')
  await mkdir(join(root, '.tmp'), { recursive: true })
  for (const name of ['old', 'young']) await writeFile(join(root, '.tmp', name), 'half')
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400
  await utimes(join(root, '.tmp', 'old'), twoDaysAgo, twoDaysAgo)
  await createFolderStore({ root }).check()
  expect(await names(root)).toEqual(['.tmp', '.tmp/young'])
})

test('an object that is replaced while it is read is read as it was', async () => {
  const store = createFolderStore({ root: join(base, 'replaced') })
  const put = (text: string) => store.put('a.mp4', Readable.from([Buffer.from(text)]), { mediaType: 'video/mp4' })
  await put('before')
  const { body } = await store.get('a.mp4')
  await put('after, and longer')
  expect(String(Buffer.concat(await body.toArray()))).toBe('before')
})
