/** The visible label in every format and script, and on the first and the last frame of real files. */
import '../fonts-setup.ts'
import { aiIcon, aiLabel } from '#src/contracts/ai-label.ts'
import type { Composition } from '#src/contracts/composition.ts'
import { drawLayers } from '#src/media/draw.ts'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import { labelIndex, type Layer } from '#src/media/layers.ts'
import { layout } from '#src/media/layout.ts'
import { contains, intersects } from '#src/media/layout-geometry.ts'
import { sceneOf } from '#src/media/layout-items.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { framesOf } from '../compose-frames.ts'
import { smallFormat } from '../compose-support.ts'
import { button, composition, copies, formats, image, locales, logo, text } from '../layout-compositions.ts'

/** A headline at the top, a logo in either corner, a button: whatever competes for the label's place. */
const crowded = (format: Composition['format'], locale: keyof typeof copies, label: Composition['label']): Composition =>
  composition({
    format,
    locale,
    overlays: [image({ anchor: 'top_right' }), image({ anchor: 'top_left' }), text(copies[locale][0]), button(copies[locale][1])],
    endCard: { seconds: 2, background: '#14110f', text: copies[locale][0], logo },
    label,
  })

describe.each(locales)('the label in %s', (locale) => {
  const wide = new Map([[logo, { width: 400, height: 160 }]])
  it.each([
    ['text', { text: aiLabel(locale) }],
    ['modified', { text: aiLabel(locale, 'ai_modified') }],
    ['icon', { text: aiIcon.ai_generated, icon: true }],
  ] as const)('as %s: whole, inside the safe zone, over nothing, from first to last, in every format', (_kind, label) => {
    for (const format of formats) {
      const whole = crowded(format, locale, label)
      const { placed, endCard, findings } = layout(whole, wide)
      const own = placed.find(({ item }) => item.overlay === labelIndex)!
      const others = placed.filter(({ item }) => item.overlay !== labelIndex).map(({ box }) => box)
      const onCard = [endCard?.text, endCard?.logo?.box].filter((box) => box != null)
      const wrong = [...others, ...onCard].filter((box) => intersects(own.box, box))
      expect([format.id, wrong]).toEqual([format.id, []])
      expect(contains(sceneOf(whole, wide).safe, own.box)).toBe(true)
      expect([own.item.from, own.item.to]).toEqual([0, 6])
      expect(findings.filter(({ overlay }) => overlay === labelIndex)).toEqual([])
      const middle = own.box.x + own.box.width / 2
      expect(middle > format.width / 2).toBe(locale !== 'ar')
    }
  })
})

describe('a finished file', () => {
  let dir: string
  let clip: string
  let compositor: Compositor
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'spotsmith-label-'))
    compositor = createCompositor({ processes: 1, tempDir: join(dir, 'children') })
    clip = join(dir, 'clip.mp4')
    await compositor.storyboard({ prompt: 'Snow', seconds: 1, width: 360, height: 640, fps: 12, audio: false, seed: 1 }, clip)
  })
  afterAll(async () => {
    await compositor.close()
    await rm(dir, { recursive: true, force: true })
  })

  const shapes = {
    '9:16': { ...smallFormat, id: 'tall', width: 360, height: 640, fps: 12 },
    '16:9': {
      ...smallFormat,
      id: 'wide',
      width: 640,
      height: 360,
      fps: 12,
      safe_zone_px: { top: 20, bottom: 20, left: 20, right: 20 },
    },
    '1:1': {
      ...smallFormat,
      id: 'square',
      width: 480,
      height: 480,
      fps: 12,
      safe_zone_px: { top: 20, bottom: 20, left: 20, right: 20 },
    },
  }

  /** How far a frame is from the label's own pixels where these hide the picture. */
  function distance(frame: Buffer, width: number, layer: Layer): number {
    let [sum, count] = [0, 0]
    for (let y = 0; y < layer.height; y++) {
      for (let x = 0; x < layer.width; x++) {
        const at = (y * layer.width + x) * 4
        if (layer.rgba[at + 3]! < 250) continue
        sum += Math.abs(frame[((layer.y + y) * width + layer.x + x) * 4 + 1]! - layer.rgba[at + 1]!)
        count++
      }
    }
    expect(count).toBeGreaterThan(20)
    return sum / count
  }

  it.each([
    ['9:16', 'en', false],
    ['9:16', 'ar', false],
    ['16:9', 'ja', false],
    ['1:1', 'hi', false],
    ['1:1', 'de', true],
  ] as const)('shows it on the first and the last frame: %s, %s, icon %s', async (shape, locale, icon) => {
    const format = shapes[shape]
    const label = icon ? { text: aiIcon.ai_modified, icon: true as const } : { text: aiLabel(locale) }
    const made = composition({
      format,
      locale,
      clips: [{ sha256: 'a', seconds: 1 }],
      overlays: [text(copies[locale][0], { from: 0, to: 1 })],
      endCard: { seconds: 1, background: '#f4f4f4', text: 'Aurora', logo: null },
      label,
    })
    const video = join(dir, `${locale}.mp4`)
    await compositor.compose(made, { a: clip }, { video, poster: join(dir, 'p.jpg'), preview: join(dir, 'w.mp4') })
    const { layers } = await drawLayers(made, {})
    const own = layers.find(({ overlay }) => overlay === labelIndex)!
    const frames = await framesOf(video, [0, 23], 'format=rgba')
    expect(frames).toHaveLength(2)
    for (const frame of frames) expect(distance(frame, format.width, own)).toBeLessThan(40)
    // The same place on a frame without it is told apart.
    expect(distance(Buffer.alloc(frames[0]!.length, 120), format.width, own)).toBeGreaterThan(60)
  })
})
