import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Composition } from '#src/contracts/composition.ts'
import { builtInFormats } from '#src/domain/format/rules.ts'
import { drawLayers } from '#src/media/draw.ts'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import { moovFirst, topBoxes } from '#src/media/qa-boxes.ts'
import { readStreams } from '#src/media/qa-streams.ts'
import { framesOf } from './compose-frames.ts'
import { compositionFor, smallFormat } from './compose-support.ts'

const clipPath = (name: string) => fileURLToPath(new URL(`./clips/${name}`, import.meta.url))
const overlays: Composition['overlays'] = [
  {
    kind: 'text',
    text: 'Fresh bread',
    style: 'headline',
    anchor: 'top',
    offset: { x: 0, y: 0 },
    from: 0.2,
    to: 2,
    enter: 'slide_up',
    exit: 'fade',
  },
  { kind: 'button', text: 'Order', anchor: 'bottom', offset: { x: 0, y: 0 }, from: 0.6, to: 2, enter: 'fade', exit: 'none' },
]

let root: string
let folder: string
let compositor: Compositor
let clip: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'spotsmith-compose-'))
  compositor = createCompositor({ processes: 1, tempDir: join(root, 'children') })
  clip = join(root, 'clip.mp4')
  await compositor.storyboard({ prompt: 'Sea', seconds: 4, width: 180, height: 320, fps: 24, audio: true, seed: 0 }, clip)
})
afterAll(async () => {
  await compositor.close()
  await rm(root, { recursive: true, force: true })
})
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'out-'))
})

const files = () => ({ video: join(folder, 'v.mp4'), poster: join(folder, 'p.jpg'), preview: join(folder, 'w.mp4') })
const compose = (composition: Composition, assets: Record<string, string> = { a: clip }) =>
  compositor.compose(composition, assets, files())

/** FFmpeg's own tool where it is installed: a judge that shares no code with the service. */
async function outsideJudge(path: string): Promise<Record<string, unknown>[] | undefined> {
  const found = await promisify(execFile)('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', path]).catch(
    (error: { code: string }) => error,
  )
  if ('code' in found) return undefined
  return (JSON.parse(found.stdout) as { streams: Record<string, unknown>[] }).streams
}

describe('a finished video', () => {
  it('is H.264 and AAC as the format wants it, of the planned length, index first', async () => {
    const result = await compose(compositionFor({ audio: { kind: 'clip' }, endCardSeconds: 1, overlays }))
    expect(result).toMatchObject({
      seconds: 3,
      width: 180,
      height: 320,
      qa: { frames: 90, key_frames: 2, audio: true, silent: false },
    })
    const streams = await readStreams(files().video)
    expect(streams).toMatchObject({ width: 180, height: 320, h264: true, yuv420p: true, frames: 90, videoSeconds: 3 })
    expect(streams.audio).toMatchObject({ aac: true, rate: 48_000, channels: 2, seconds: 3 })
    expect(moovFirst(await topBoxes(files().video))).toBe(true)
    const judged = (await outsideJudge(files().video)) ?? []
    for (const [index, wanted] of [
      {
        codec_name: 'h264',
        profile: 'High',
        pix_fmt: 'yuv420p',
        nb_frames: '90',
        r_frame_rate: '30/1',
        start_time: '0.000000',
        color_space: 'bt709',
      },
      { codec_name: 'aac', profile: 'LC', sample_rate: '48000', channels: 2, start_time: '0.000000', duration: '3.000000' },
    ].entries()) {
      expect(judged[index] ?? wanted).toMatchObject(wanted)
    }
  })

  it('comes with a poster that shows the overlays, and a short muted preview', async () => {
    await compose(compositionFor({ audio: { kind: 'clip' }, endCardSeconds: 1, overlays }))
    const poster = await loadImage(await readFile(files().poster))
    expect([poster.width, poster.height]).toEqual([180, 320])
    const preview = await readStreams(files().preview)
    expect(preview).toMatchObject({ audio: null, moovFirst: true, width: 180, height: 320, frames: 45 })
    expect((await readdir(folder)).toSorted()).toEqual(['p.jpg', 'v.mp4', 'w.mp4'])
  })

  it('shows each layer where and when it belongs: pixels of the drawing are pixels of the frame', async () => {
    const composition = compositionFor({ endCardSeconds: 1, overlays })
    await compose(composition)
    const [early, middle, card] = await framesOf(files().video, [2, 45, 85], 'format=rgba')
    const { layers, endCard } = await drawLayers(composition, {})
    const headline = layers.find(({ overlay }) => overlay === 0)!
    const label = layers.find(({ overlay }) => overlay === -2)!
    const difference = (frame: Buffer, layer: typeof label) => {
      let [sum, count] = [0, 0]
      for (let at = 0; at < layer.rgba.length; at += 4) {
        if (layer.rgba[at + 3]! < 250) continue
        const pixel = at / 4
        const place = ((layer.y + Math.floor(pixel / layer.width)) * 180 + layer.x + (pixel % layer.width)) * 4
        sum += Math.abs(frame[place + 1]! - layer.rgba[at + 1]!)
        count++
      }
      return sum / count
    }
    expect(difference(middle!, headline)).toBeLessThan(25)
    expect(difference(early!, headline)).toBeGreaterThan(25)
    for (const frame of [early!, middle!, card!]) expect(difference(frame, label)).toBeLessThan(25)
    const corner = (pixels: Uint8Array) => [...pixels.subarray(0, 3)]
    corner(card!).forEach((value, channel) => expect(Math.abs(value - corner(endCard!)[channel]!)).toBeLessThan(8))
  })

  it('joins clips, holds the last picture of a short one, and cuts each to its seconds', async () => {
    const clips = [
      { sha256: 'a', seconds: 0.7 },
      { sha256: 'short', seconds: 2.1 },
      { sha256: 'a', seconds: 0.5 },
    ]
    const result = await compose(compositionFor({ clips, audio: { kind: 'clip' } }), {
      a: clip,
      short: clipPath('vp9-mono.webm'),
    })
    expect(result).toMatchObject({ seconds: 3.3, qa: { frames: 99 } })
    expect(result.qa['frozen_seconds']).toBeGreaterThan(0.6)
  })

  it('has no sound stream where the template has none, and silence where a clip has none', async () => {
    expect((await compose(compositionFor())).qa).toMatchObject({ audio: false })
    const silent = await compose(compositionFor({ audio: { kind: 'clip' } }), { a: clipPath('vfr.mp4') })
    expect(silent.qa).toMatchObject({ audio: true, silent: true })
  })

  it('brings the sound to the loudness of the format, from a clip or a track', async () => {
    const loud = await compose(compositionFor({ audio: { kind: 'clip' } }))
    expect(Math.abs(Number(loud.qa['loudness_lufs']) + 14)).toBeLessThan(1)
    const format = { ...smallFormat, loudness_lufs: -24 }
    const track = compositionFor({ format, audio: { kind: 'track', sha256: 't' }, endCardSeconds: 1 })
    const quiet = await compose(track, { a: clip, t: clipPath('track.mp3') })
    expect(Math.abs(Number(quiet.qa['loudness_lufs']) + 24)).toBeLessThan(1)
  })

  it.each(['rotated.mp4', 'odd-10bit.mp4', 'vfr.mp4', 'wide-pixels.mp4', 'vp9-mono.webm'])('is made from %s', async (name) => {
    const result = await compose(compositionFor({ clips: [{ sha256: 'a', seconds: 1 }], audio: { kind: 'clip' } }), {
      a: clipPath(name),
    })
    expect(result).toMatchObject({ seconds: 1, width: 180, height: 320 })
  })

  it('keeps to a broadcast rate and to a floor and a ceiling of bits', async () => {
    const broadcast = { ...smallFormat, fps: 29.97, video_kbps: { min: 600, target: 800 }, constant_bitrate: true }
    const constant = await compose(compositionFor({ format: broadcast }))
    expect(constant.qa['frames']).toBe(60)
    expect(Math.abs(Number(constant.qa['video_kbps']) - 800)).toBeLessThan(80)
    const floored = await compose(compositionFor({ format: { ...smallFormat, video_kbps: { min: 900 } } }))
    expect(Number(floored.qa['video_kbps'])).toBeGreaterThanOrEqual(900)
    const capped = await compose(compositionFor({ format: { ...smallFormat, video_kbps: { max: 60 } } }))
    expect(Number(capped.qa['video_kbps'])).toBeLessThan(63)
  })

  it('is made at full size, in a format of a channel', async () => {
    const format = builtInFormats.get('reels_9x16')!
    const result = await compose(compositionFor({ format, clips: [{ sha256: 'a', seconds: 1 }], endCardSeconds: 0.5, overlays }))
    expect(result).toMatchObject({ seconds: 1.5, width: 1080, height: 1920, qa: { frames: 45 } })
  })
})

describe('what cannot be composed', () => {
  it.each([
    ['cut-off.mp4', 'bad_clip'],
    ['audio-only.mp4', 'bad_clip'],
    ['mpeg4.mp4', 'bad_clip'],
  ])('%s is refused, leaves no file, and the next one works', async (name, code) => {
    await expect(compose(compositionFor(), { a: clipPath(name) })).rejects.toMatchObject({ name: 'Terminal', code })
    expect(await readdir(folder)).toEqual([])
    expect(await compose(compositionFor({ clips: [{ sha256: 'a', seconds: 0.5 }] }))).toMatchObject({ seconds: 0.5 })
  })

  it('a track that is no sound, an asset that is not given', async () => {
    const composition = compositionFor({ audio: { kind: 'track', sha256: 't' } })
    await expect(compose(composition, { a: clip, t: clipPath('rotated.mp4') })).rejects.toMatchObject({ code: 'bad_media' })
    await expect(compose(composition, { a: clip })).rejects.toMatchObject({ code: 'bad_media' })
    expect(await readdir(folder)).toEqual([])
  })

  it('a file beyond the limit of its format fails the gate with the reason', async () => {
    const format = { ...smallFormat, max_megabytes: 0.001 }
    await expect(compose(compositionFor({ format }))).rejects.toMatchObject({
      code: 'qa_failed',
      message: expect.stringContaining('takes at most 0.001'),
    })
    expect(await readdir(folder)).toEqual([])
  })

  it('leaves no file when it is aborted half-way', async () => {
    const controller = new AbortController()
    const long = compositionFor({ format: builtInFormats.get('reels_9x16')!, clips: [{ sha256: 'a', seconds: 20 }] })
    const running = compositor.compose(long, { a: clip }, files(), { signal: controller.signal }).catch((error: Error) => error)
    const begun = async () => (await readdir(folder)).some((name) => name.endsWith('.part'))
    while (!(await begun())) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(new Error('lease lost'))
    expect(await running).toMatchObject({ message: 'lease lost' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a still', () => {
  it('is the frame of a composition at a time, with and without guides', async () => {
    const composition = compositionFor({ endCardSeconds: 1, overlays })
    const at = async (atSeconds: number, guides = false) => compositor.still(composition, {}, { atSeconds, guides })
    const image = await loadImage((await at(1)).jpeg)
    expect([image.width, image.height]).toEqual([180, 320])
    const pixels = async (seconds: number, guides = false) => {
      const picture = await loadImage((await at(seconds, guides)).jpeg)
      const context = createCanvas(180, 320).getContext('2d')
      context.drawImage(picture, 0, 0)
      return context.getImageData(0, 0, 180, 320).data
    }
    const [before, during, card, guided] = [await pixels(0), await pixels(1), await pixels(99), await pixels(1, true)]
    const changed = (a: Uint8ClampedArray, b: Uint8ClampedArray) =>
      a.reduce((sum, value, i) => sum + (Math.abs(value - b[i]!) > 40 ? 1 : 0), 0)
    expect(changed(before, during)).toBeGreaterThan(200)
    expect(changed(during, card)).toBeGreaterThan(5000)
    expect(changed(during, guided)).toBeGreaterThan(500)
    expect((await at(1)).jpeg.length).toBeLessThan(200_000)
  })

  it('reports the same findings as measuring does', async () => {
    const text = 'A headline that is far too long for so small a frame '.repeat(12)
    const composition = compositionFor({ overlays: [{ ...overlays[0]!, text } as Composition['overlays'][number]] })
    const [findings] = await compositor.measure([composition], {})
    expect(findings).toContainEqual(expect.objectContaining({ code: 'text_overflow', overlay: 0 }))
    expect((await compositor.still(composition, {}, { atSeconds: 1, guides: false })).findings).toEqual(findings)
  })
})

it('previews are small files', async () => {
  await compose(compositionFor({ overlays }))
  expect((await stat(files().preview)).size).toBeLessThan(150_000)
})
