/** 240 damaged clips, the same ones every time: each is a finished video or is refused with a reason, and the next job runs. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import { chanceOf } from '#src/media/storyboard-chance.ts'
import { compositionFor } from './compose-support.ts'

let folder: string
let compositor: Compositor
let clean: Buffer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spotsmith-mutated-'))
  compositor = createCompositor({ processes: 2, tempDir: join(folder, 'children'), timeoutMs: 30_000 })
  const path = join(folder, 'clean.mp4')
  await compositor.storyboard({ prompt: 'Sea', seconds: 1, width: 180, height: 320, fps: 30, audio: true, seed: 0 }, path)
  clean = await readFile(path)
})
afterAll(async () => {
  await compositor.close()
  await rm(folder, { recursive: true, force: true })
})

const { whole } = chanceOf('mutations', 0, 'test')

/** Cut off, or with 1, 20 or 300 other bytes, in the index or anywhere. */
function mutated(index: number): Buffer {
  const changes = [1, 20, 300][index % 4]
  if (changes === undefined) return clean.subarray(0, whole(0, clean.length))
  const bytes = Buffer.from(clean)
  const reach = index % 8 < 4 ? 3000 : bytes.length
  for (let change = 0; change < changes; change++) bytes[whole(0, reach - 1)] = whole(0, 255)
  return bytes
}

async function outcomeOf(index: number, bytes: Buffer): Promise<string> {
  const path = join(folder, `${index}.mp4`)
  await writeFile(path, bytes)
  const files = {
    video: join(folder, `${index}-v.mp4`),
    poster: join(folder, `${index}.jpg`),
    preview: join(folder, `${index}-p.mp4`),
  }
  const composition = compositionFor({ clips: [{ sha256: 'a', seconds: 0.5 }], audio: { kind: 'clip' } })
  return await compositor.compose(composition, { a: path }, files).then(
    () => 'ready',
    (error: Error & { code?: string }) => `${error.name} ${error.code ?? error.message}`,
  )
}

it('ends as a finished video or with a reason, never with the process', async () => {
  const clips = Array.from({ length: 240 }, (_, index) => mutated(index))
  const outcomes = await Promise.all(clips.map((bytes, index) => outcomeOf(index, bytes)))
  const known = new Set(['ready', 'Terminal bad_clip', 'Terminal bad_media', 'Terminal qa_failed'])
  expect(outcomes.filter((outcome) => !known.has(outcome))).toEqual([])
  expect(new Set(outcomes)).toContain('Terminal bad_clip')
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  expect(await outcomeOf(999, clean)).toBe('ready')
}, 150_000)
