import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCanvas } from '@napi-rs/canvas'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtInFormats } from '#src/domain/format/rules.ts'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import { bandsOf, stripsOf } from '#src/media/storyboard-bands.ts'
import { sceneOf } from '#src/media/storyboard-scene.ts'
import { captionsOf } from '#src/media/storyboard-writing.ts'
import { framesOf } from './compose-frames.ts'

const prompts = [
  'A baker pulls fresh bread from the oven',
  'Running shoes on wet asphalt at dawn',
  'A cup of coffee on a wooden table',
  'Mountain lake with a red canoe',
  'Neon city at night in rain',
  'A child opens a gift',
  'Electric car on a coastal road',
  'Olive oil poured over salad',
  'A yoga class on the beach',
  'Skin cream in soft light',
  'A dog runs through autumn leaves',
  'Fireworks over a harbour',
  'A gardener waters roses',
  'Headphones on a desk',
  'A family cooks pasta',
  'Skier in deep snow',
  'Summer dress in the wind',
  'A bank card on marble',
  'Old vinyl records',
  'Sushi on a black plate',
]
const small = { seconds: 1, width: 180, height: 320, fps: 30, audio: false, seed: 0 }
const sizes = [
  { width: 1080, height: 1920 },
  { width: 1080, height: 1350 },
  { width: 1080, height: 1080 },
  { width: 1920, height: 1080 },
  { width: 720, height: 1280 },
  { width: 1080, height: 1620 },
]

let folder: string
let compositor: Compositor
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spotsmith-storyboard-'))
  compositor = createCompositor({ processes: 2, tempDir: join(folder, 'children') })
})
afterAll(async () => {
  await compositor.close()
  await rm(folder, { recursive: true, force: true })
})
const render = async (name: string, spec: Parameters<Compositor['storyboard']>[0]) => {
  const path = join(folder, `${name}.mp4`)
  await compositor.storyboard(spec, path)
  return path
}

/** Difference hash: is each of 8 × 8 cells brighter than its right neighbour? */
async function perceptualHash(path: string): Promise<string> {
  const [grey] = await framesOf(path, [15], 'scale=9:8:flags=area,format=gray')
  let bits = ''
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) bits += grey![row * 9 + column]! > grey![row * 9 + column + 1]! ? '1' : '0'
  }
  return bits
}

describe('a storyboard', () => {
  it('looks different for twenty prompts, by perceptual hash', async () => {
    const hashes = await Promise.all(
      prompts.map(async (prompt, n) => perceptualHash(await render(`p${n}`, { ...small, prompt }))),
    )
    let closest = 64
    for (const [i, a] of hashes.entries()) {
      for (const b of hashes.slice(i + 1)) closest = Math.min(closest, a.split('').filter((bit, at) => bit !== b[at]).length)
    }
    expect(closest).toBeGreaterThanOrEqual(3)
  })

  it('is the same file for the same spec, and another picture for another seed', async () => {
    const spec = { ...small, prompt: prompts[0]!, audio: true }
    const digest = async (name: string, more: object) =>
      createHash('sha256')
        .update(await readFile(await render(name, { ...spec, ...more })))
        .digest('hex')
    const first = await digest('a', {})
    expect(await digest('b', {})).toBe(first)
    expect(await digest('c', { seed: 7 })).not.toBe(first)
  })

  it('passes the guards of a clip, in every shape, with and without sound', async () => {
    for (const [index, { width, height }] of sizes.entries()) {
      const size = { width: Math.round(width / 12) * 2, height: Math.round(height / 12) * 2 }
      const audio = index % 2 === 0
      const path = await render(`shape${index}`, { ...small, ...size, audio, prompt: 'Sea' })
      expect(await compositor.probe(path)).toMatchObject({ ...size, seconds: 1, fps: 30, hasAudio: audio, videoCodec: 'h264' })
    }
  })

  it('leaves no other file behind', async () => {
    await render('alone', { ...small, prompt: 'Alone' })
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('takes any prompt: empty, endless, of any script, full of markup', async () => {
    for (const [n, prompt] of ['', 'x'.repeat(5000), '早朝のパン屋', 'خبز طازج كل صباح', "a:b',[c];{d}\\%\n\0🍞"].entries()) {
      expect(await compositor.probe(await render(`odd${n}`, { ...small, prompt }))).toMatchObject({ seconds: 1 })
    }
  })

  it('is never begun when its signal is aborted', async () => {
    const aborted = { signal: AbortSignal.abort(new Error('cancelled')) }
    await expect(compositor.storyboard({ ...small, prompt: 'x' }, join(folder, 'never.mp4'), aborted)).rejects.toThrow(
      'cancelled',
    )
  })
})

describe('the writing of a storyboard', () => {
  const shapeOf = ({ width, height }: { width: number; height: number }) => Math.round((width / height) * 100)

  it('stays in the margins that every built-in format of its shape keeps free', () => {
    for (const size of sizes) {
      const bands = bandsOf(size)
      const { head, foot } = stripsOf(size)
      expect(head.y + head.height).toBeLessThanOrEqual(bands.top)
      expect(foot.y).toBeGreaterThanOrEqual(size.height - bands.bottom)
      expect(foot.y + foot.height).toBeLessThanOrEqual(size.height)
      const formats = [...builtInFormats.values()].filter((format) => shapeOf(format) === shapeOf(size))
      expect(formats.length).toBeGreaterThan(0)
      for (const { safe_zone_px: safe, height } of formats) {
        expect(bands.top / size.height).toBeLessThanOrEqual(safe.top / height + 1e-9)
        expect(bands.bottom / size.height).toBeLessThanOrEqual(safe.bottom / height + 1e-9)
      }
    }
  })

  it('is not found inside the safe zone of the finished picture, and is found in the margins', async () => {
    const spec = { ...small, width: 360, height: 640, prompt: 'Mountain lake with a red canoe' }
    const [shown] = await framesOf(await render('writing', spec), [15], 'format=rgba')
    const canvas = createCanvas(spec.width, spec.height)
    sceneOf(spec).draw(canvas.getContext('2d'), canvas, 15 / 30)
    const clean = canvas.getContext('2d').getImageData(0, 0, spec.width, spec.height).data
    const changed = (fromRow: number, toRow: number) => {
      let count = 0
      for (let at = fromRow * spec.width * 4; at < toRow * spec.width * 4; at += 4) {
        if (Math.abs(shown![at + 1]! - clean[at + 1]!) > 70) count++
      }
      return count
    }
    const { top, bottom } = bandsOf(spec)
    expect(changed(top, spec.height - bottom)).toBeLessThan(20)
    expect(changed(0, top)).toBeGreaterThan(100)
    expect(changed(spec.height - bottom, spec.height)).toBeGreaterThan(100)
  })

  it('shows the words of the prompt in order, in captions that can be read', () => {
    const strip = stripsOf({ width: 1080, height: 1920 }).foot
    const prompt = 'A baker in a flour-dusted apron pulls golden bread from a stone oven while warm morning light falls in'
    const captions = captionsOf(prompt, strip, 6)
    expect(captions.join(' ')).toBe(prompt)
    expect(captionsOf(prompt.repeat(20), strip, 4)).toHaveLength(5)
    expect(captionsOf('', strip, 4)).toEqual([])
  })
})
