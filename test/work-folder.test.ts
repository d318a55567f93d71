import { openWorkFolder } from '#src/work-folder.ts'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'spotsmith-work-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))
const present = () => readdir(join(dataDir, 'work'))

test('what a dead process has left is removed, what a living one uses is not', async () => {
  await mkdir(join(dataDir, 'work', 'process-dead'), { recursive: true })
  await writeFile(join(dataDir, 'work', 'process-dead', 'clip.mp4'), 'x')
  const living = await openWorkFolder(dataDir)
  await writeFile(join(living.path, 'clip.mp4'), 'x')
  const second = await openWorkFolder(dataDir)
  expect(await present()).toHaveLength(2)
  expect(await readdir(living.path)).toContain('clip.mp4')
  await Promise.all([living.close(), second.close()])
  expect(await present()).toEqual([])
})
