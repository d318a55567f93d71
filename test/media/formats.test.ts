/**
 * Every built-in format at a sixth of its sides, with all its other rules: rate, bits, loudness, length. The judge is
 * ffprobe, which shares no code with the service.
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutputFormat, Overlay } from '#src/contracts/composition.ts'
import { builtInFormats } from '#src/domain/format/rules.ts'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import { moovFirst, topBoxes } from '#src/media/qa-boxes.ts'
import { compositionFor } from './compose-support.ts'

const run = promisify(execFile)
const hasJudge = spawnSync('ffprobe', ['-version']).status === 0

const formats: readonly OutputFormat[] = [...builtInFormats.values()].map((format) => format as OutputFormat)
const even = (px: number): number => Math.round(px / 12) * 2
const small = (format: OutputFormat): OutputFormat => {
  const { top, bottom, left, right } = format.safe_zone_px
  const [width, height] = [even(format.width), even(format.height)]
  const safe = { top: even(top), bottom: even(bottom), left: even(left), right: even(right) }
  return { ...format, width, height, safe_zone_px: safe }
}
const rates: Readonly<Record<number, readonly [string, number]>> = { 30: ['30/1', 30], 29.97: ['30000/1001', 30_000 / 1001] }

const timed = { offset: { x: 0, y: 0 }, from: 0, to: 2, enter: 'fade', exit: 'fade' } as const
const overlays: readonly Overlay[] = [
  { kind: 'text', style: 'headline', text: 'Fresh bread', anchor: 'top', ...timed },
  { kind: 'button', text: 'Order', anchor: 'bottom', ...timed },
]

let folder: string
let compositor: Compositor
const clips = new Map<string, Promise<string>>()
/** A clip of the format's shape, as a campaign would buy it. */
function clipFor({ width, height }: OutputFormat): Promise<string> {
  const path = join(folder, `clip-${width}x${height}.mp4`)
  const spec = { prompt: 'A cup of coffee', seconds: 2, width, height, fps: 24, audio: true, seed: 0 }
  const clip = clips.get(path) ?? compositor.storyboard(spec, path).then(() => path)
  clips.set(path, clip)
  return clip
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spotsmith-formats-'))
  compositor = createCompositor({ processes: 2, tempDir: join(folder, 'children') })
})
afterAll(async () => {
  await compositor.close()
  await rm(folder, { recursive: true, force: true })
})

interface Judged {
  readonly streams: readonly Readonly<Record<string, string | number>>[]
}

async function judge(path: string): Promise<Judged> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', path])
  return JSON.parse(stdout) as Judged
}

/** Integrated loudness by FFmpeg's own meter: the last frame carries it. */
async function loudnessOf(path: string): Promise<number> {
  const source = `amovie=${path},ebur128=metadata=1`
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-show_entries',
    'frame_tags=lavfi.r128.I',
    '-of',
    'csv=p=0',
    source,
  ])
  return Number(stdout.trim().split('\n').at(-1))
}

async function composeIn(format: OutputFormat) {
  const composition = compositionFor({ format, audio: { kind: 'clip' }, endCardSeconds: 1, overlays })
  const file = (kind: string) => join(folder, `${format.id}-${kind}`)
  const files = { video: file('video.mp4'), poster: file('poster.jpg'), preview: file('preview.mp4') }
  const result = await compositor.compose(composition, { a: await clipFor(format) }, files)
  return { result, path: files.video }
}

it('are 21', () => expect(formats).toHaveLength(21))

it('has ffprobe as its judge', () => {
  // In CI nothing is left out.
  expect({ hasJudge, allowed: !process.env['CI'] || hasJudge }).toMatchObject({ allowed: true })
})

describe.runIf(hasJudge)('a file passes an outside judge in', () => {
  it.concurrent.each(formats.map((format) => [format.id, small(format)] as const))('%s', async (_, format) => {
    const { path, result } = await composeIn(format)
    const [rate, perSecond] = rates[format.fps]!
    const frames = Math.round(3 * perSecond)
    const [picture, sound] = (await judge(path)).streams
    expect(picture).toMatchObject({
      codec_name: 'h264',
      profile: 'High',
      pix_fmt: 'yuv420p',
      width: format.width,
      height: format.height,
      r_frame_rate: rate,
      avg_frame_rate: rate,
      nb_read_frames: String(frames),
      color_space: 'bt709',
      color_transfer: 'bt709',
      color_primaries: 'bt709',
      color_range: 'tv',
      has_b_frames: expect.any(Number),
      sample_aspect_ratio: '1:1',
    })
    expect(Number(picture!['duration'])).toBeCloseTo(frames / perSecond, 3)
    expect(sound).toMatchObject({ codec_name: 'aac', profile: 'LC', sample_rate: '48000', channels: 2 })
    expect(Math.abs(Number(sound!['duration']) - frames / perSecond)).toBeLessThan(0.03)
    expect(moovFirst(await topBoxes(path))).toBe(true)
    expect(Math.abs((await loudnessOf(path)) - format.loudness_lufs)).toBeLessThanOrEqual(0.5)
    const kbps = Number(picture!['bit_rate']) / 1000
    const { min, max, target } = format.video_kbps ?? {}
    expect(kbps).toBeGreaterThanOrEqual(min ?? 0)
    expect(kbps).toBeLessThanOrEqual(max ?? Infinity)
    if (format.constant_bitrate && target !== undefined) expect(Math.abs(kbps / target - 1)).toBeLessThan(0.05)
    expect((await stat(path)).size).toBeLessThanOrEqual((format.max_megabytes ?? Infinity) * 1e6)
    // The figures that are kept with the rendition are the judge's.
    expect(result.qa['frames']).toBe(frames)
    expect(Number(result.qa['video_kbps']) / kbps).toBeCloseTo(1, 1)
  })
})
