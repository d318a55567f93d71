import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Composition, motions } from '#src/contracts/composition.ts'
import { builtInFormats } from '#src/domain/format/rules.ts'
import { ceilingKbps, previewSize, videoSettings } from '#src/media/encode-settings.ts'
import { gainFor } from '#src/media/graph-audio.ts'
import { motionAt, motionLength, travelPx } from '#src/media/graph-motion.ts'
import { escapeValue, framesIn, rateOf, secondsIn } from '#src/media/graph-text.ts'
import { timelineOf } from '#src/media/graph-timeline.ts'
import { clampLayer, coverCrop, type PlacedLayer } from '#src/media/graph-video.ts'
import { buildGraph } from '#src/media/graph.ts'
import type { OpenedClip } from '#src/media/probe.ts'
import { checkFrames, posterFrame } from '#src/media/poster.ts'
import { compositionFor } from './compose-support.ts'

const clip = (more: Partial<OpenedClip> = {}): OpenedClip => ({
  path: '/clips/a.mp4',
  container: 'mov',
  rotation: 0,
  pixelAspect: 1,
  pictures: 100,
  seconds: 4,
  width: 1280,
  height: 720,
  fps: 25,
  hasAudio: true,
  videoCodec: 'h264',
  ...more,
})
const layer = (more: Partial<PlacedLayer> = {}): PlacedLayer => ({
  overlay: 0,
  x: 10,
  y: 20,
  width: 60,
  height: 30,
  from: 0.5,
  to: 1.5,
  enter: 'slide_up',
  exit: 'fade',
  ...more,
})
const graphOf = (composition: Composition, layers: readonly PlacedLayer[] = [], clips = composition.clips.map(() => clip())) =>
  buildGraph({ composition, clips, track: null, layers })

const formats = [...builtInFormats.values()]
const anyTimes = fc.record({
  format: fc.constantFrom(...formats),
  seconds: fc.array(
    fc.integer({ min: 5, max: 200 }).map((tenths) => tenths / 10),
    { minLength: 1, maxLength: 6 },
  ),
  card: fc.option(
    fc.integer({ min: 1, max: 50 }).map((tenths) => tenths / 10),
    { nil: null },
  ),
})

describe('the timeline', () => {
  it('lasts exactly as long as its clips and its end card together, to the frame, in every format', () => {
    fc.assert(
      fc.property(anyTimes, ({ format, seconds, card }) => {
        const composition = compositionFor({
          format,
          clips: seconds.map((s) => ({ sha256: 'a', seconds: s })),
          endCardSeconds: card,
        })
        const timeline = timelineOf(composition)
        const wanted = seconds.reduce((a, b) => a + b, 0) + (card ?? 0)
        expect(Math.abs(timeline.totalSeconds - wanted)).toBeLessThanOrEqual(secondsIn(0.5, timeline.rate) + 1e-9)
        expect(timeline.clips.reduce((a, b) => a + b, 0)).toBe(timeline.body + timeline.crossfade)
        expect(timeline.body + timeline.card).toBe(timeline.total)
      }),
    )
  })

  it('knows the broadcast rates', () => {
    expect(rateOf(29.97)).toEqual({ num: 30_000, den: 1001 })
    expect(rateOf(23.976)).toEqual({ num: 24_000, den: 1001 })
    expect(rateOf(30)).toEqual({ num: 30, den: 1 })
    expect(framesIn(15, rateOf(29.97))).toBe(450)
  })

  it('shortens the crossfade to a very short end card', () => {
    expect(timelineOf(compositionFor({ endCardSeconds: 0.2 })).crossfade).toBe(6)
  })
})

describe('cutting to the frame', () => {
  it('keeps the middle, inside the clip, in the shape of the frame', () => {
    const sides = fc.integer({ min: 64, max: 4096 })
    fc.assert(
      fc.property(sides, sides, fc.constantFrom(0.5, 1, 2), fc.constantFrom(...formats), (width, height, pixelAspect, format) => {
        const crop = coverCrop({ width, height, pixelAspect }, format)
        expect(crop.x + crop.width).toBeLessThanOrEqual(width)
        expect(crop.y + crop.height).toBeLessThanOrEqual(height)
        const touches = crop.width >= width - 1 || crop.height >= height - 1
        expect(touches).toBe(true)
        const shape = (crop.width * pixelAspect) / crop.height / (format.width / format.height)
        const tolerance = 2.1 / Math.min(crop.width, crop.height)
        expect(Math.abs(shape - 1)).toBeLessThan(tolerance * 2)
      }),
    )
  })

  it('cuts before it enlarges, and turns a rotated clip first', () => {
    const { video } = graphOf(compositionFor(), [], [clip({ rotation: 90 })])
    expect(video).toMatch(/transpose=clock.*crop=404:720:438:0.*scale=180:320.*fps=30/)
  })
})

describe('escaping', () => {
  it('gives FFmpeg back the very path, through both of its parsers', () => {
    const unescape = (text: string) => text.replace(/\\(.)/gs, '$1')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        const escaped = escapeValue(path)
        expect(unescape(unescape(escaped))).toBe(path)
        expect(unescape(escaped)).not.toMatch(/(?<!\\)(\\\\)*[:']/)
        expect(escaped).not.toMatch(/(?<!\\)(\\\\)*[[\],;']/)
      }),
    )
  })
})

describe('motion', () => {
  const times = fc.integer({ min: 0, max: 60 }).map((n) => n / 10)
  it('is at rest and opaque in the middle, and never jumps', () => {
    const motion = fc.constantFrom(...motions)
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 60 }), motion, motion, (from, tenths, enter, exit) => {
        const moving = { from, to: from + tenths / 10, enter, exit }
        const middle = motionAt(moving, from + tenths / 20, 100)
        expect(middle.opacity).toBeCloseTo(1, 6)
        expect(Math.abs(middle.dx) + Math.abs(middle.dy)).toBeLessThan(1e-6)
        const step = motionLength(moving) / 20
        for (let t = from; t + step < moving.to; t += step) {
          const [a, b] = [motionAt(moving, t, 100), motionAt(moving, t + step, 100)]
          expect(Math.abs(a.dx - b.dx) + Math.abs(a.dy - b.dy)).toBeLessThan(16)
        }
      }),
    )
  })

  it('comes from below with slide_up, and leaves upwards', () => {
    const moving = { from: 1, to: 3, enter: 'slide_up', exit: 'slide_up' } as const
    expect(motionAt(moving, 1, 100)).toMatchObject({ dy: 100, opacity: 0 })
    expect(motionAt(moving, 2.999, 100).dy).toBeLessThan(-95)
    expect(motionAt(moving, 3, 100).opacity).toBe(0)
    expect(travelPx({ width: 1080, height: 1920 })).toBe(86)
  })
})

describe('layers in time', () => {
  const timeline = timelineOf(compositionFor({ endCardSeconds: 1 }))

  it('shows the label over the whole video and everything else over the clips', () => {
    expect(clampLayer(layer({ overlay: -2, from: 0, to: 99 }), timeline)).toMatchObject({ to: 3 })
    expect(clampLayer(layer({ to: 99, exit: 'slide_up' }), timeline)).toMatchObject({ to: 2 })
  })

  it('blends out with the clip what lasts until the end card', () => {
    expect(clampLayer(layer({ to: 2, exit: 'fade' }), timeline)).toMatchObject({ to: 2.4, exit: 'none' })
  })

  it('leaves out what is never shown', () => {
    expect(clampLayer(layer({ from: 2, to: 9 }), timeline)).toBeUndefined()
    const { video, sources } = graphOf(compositionFor(), [layer({ from: 50, to: 60 }), layer({ overlay: 1 })])
    expect(sources).toEqual([expect.objectContaining({ overlay: 1 })])
    expect(video).not.toContain('layer1')
  })

  it('puts the label above the end card and the other layers under it', () => {
    const { video } = graphOf(compositionFor({ endCardSeconds: 1 }), [layer(), layer({ overlay: -2, from: 0, to: 9 })])
    const at = (text: string) => video.indexOf(text)
    expect(at('[over0]overlay')).toBeLessThan(at('xfade'))
    expect(at('xfade')).toBeLessThan(at('[over1]overlay'))
    expect(video).toContain('xfade=transition=fade:duration=0.4:offset=2')
  })

  it('chooses for the poster a moment at which most overlays are at rest, before the end card', () => {
    const layers = [
      layer({ from: 0, to: 1 }),
      layer({ from: 1.2, to: 2, exit: 'none' }),
      layer({ from: 1.2, to: 2, exit: 'none' }),
    ]
    const poster = posterFrame(layers, timeline)
    expect(poster).toBeGreaterThanOrEqual(45)
    expect(poster).toBeLessThan(60)
    const [first, second] = checkFrames(layers, timeline, poster)
    expect(first).toBeLessThan(30)
    expect(second).toBe(poster)
  })
})

describe('sound', () => {
  const audio = (composition: Composition, hasAudio = true) =>
    graphOf(composition, [], [clip({ hasAudio })]).audio({ gainDb: -3, measure: false })

  it('has no stream where the template has none', () => {
    expect(audio(compositionFor({ audio: { kind: 'none' } }))).toBeNull()
  })

  it('is stereo at 48 kHz, as long as the picture, also for a silent clip', () => {
    const text = audio(compositionFor({ audio: { kind: 'clip' }, endCardSeconds: 1 }), false)
    expect(text).toContain('anullsrc=r=48000:cl=stereo')
    expect(text).toContain('apad=whole_dur=3,atrim=end=3')
  })

  it('brings sound to the target with one gain, never makes silence heard and never blows up a whisper', () => {
    expect(gainFor(-20, -14)).toBe(6)
    expect(gainFor(-8, -14)).toBe(-6)
    expect(gainFor(-70, -14)).toBe(0)
    expect(gainFor(-Infinity, -14)).toBe(0)
    expect(gainFor(-50, -14)).toBe(20)
  })
})

describe('encoder settings', () => {
  const format = (id: string) => builtInFormats.get(id)!
  const options = (id: string, filler = false) => videoSettings(format(id), 10, { threads: 2, filler }).options

  it('uses constant quality unless the channel wants a rate', () => {
    expect(options('reels_9x16')).toMatchObject({ crf: '20', g: '60', profile: 'high', preset: 'veryfast' })
    expect(options('x_1x1')).toMatchObject({ crf: '20', maxrate: '22935k' })
    expect(options('amazon_streaming_tv')).toMatchObject({ b: '20000k', minrate: '20000k', 'nal-hrd': 'cbr' })
    expect(options('tiktok_infeed', true)).toMatchObject({ minrate: '567k', 'nal-hrd': 'cbr' })
  })

  it('stays under a limit of file size', () => {
    const kbps = ceilingKbps({ video_kbps: null, max_megabytes: 10 }, 20)!
    expect(((kbps + 192) * 20) / 8000).toBeLessThan(10)
  })

  it('makes previews small, even and in shape', () => {
    for (const one of formats) {
      const { width, height } = previewSize(one)
      expect([width % 2, height % 2, Math.min(width, height) <= 360]).toEqual([0, 0, true])
      expect(width / height).toBeCloseTo(one.width / one.height, 1)
    }
  })
})
