import '#test/media/fonts-setup.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCanvas } from '@napi-rs/canvas'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AssetPaths, Composition } from '#src/contracts/composition.ts'
import { contrast, parseColor, readableOn } from '#src/media/color.ts'
import { drawLayers } from '#src/media/draw.ts'
import { fileOf, fontsFolder } from '#src/media/fonts-files.ts'
import { contains, safeZone } from '#src/media/layout-geometry.ts'
import type { Layer } from '#src/media/layers.ts'
import { localeDirection } from '#src/media/text-script.ts'
import { button, composition, copies, formatOf, image, locales, logo, text } from '#test/media/layout-compositions.ts'

let folder: string
let assets: AssetPaths
const svg = 'b'.repeat(64)
const broken = 'd'.repeat(64)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spotsmith-draw-'))
  const canvas = createCanvas(40, 16)
  const context = canvas.getContext('2d')
  context.fillStyle = '#ff0000'
  context.fillRect(0, 0, 40, 16)
  const png = canvas.toBuffer('image/png')
  const files = { [logo]: png, [svg]: '<svg xmlns="http://www.w3.org/2000/svg"/>', [broken]: png.subarray(0, 40) }
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  assets = Object.fromEntries(Object.keys(files).map((name) => [name, join(folder, name)]))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const draw = (more: Partial<Composition>) => drawLayers(composition(more), assets)
const pixelOf = ({ rgba, width }: Layer, x: number, y: number) => [...rgba.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)]

/** Red of each pixel of a grey layer over an even ground. */
const over = ({ rgba, width, height }: Layer, ground: number): Float32Array =>
  Float32Array.from(
    { length: width * height },
    (_, i) => (rgba[i * 4]! * rgba[i * 4 + 3]! + ground * (255 - rgba[i * 4 + 3]!)) / 255,
  )

/** Box of the white letters of a layer, in the frame. */
function boxOfLetters(layer: Layer) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  over(layer, 0).forEach((level, i) => {
    if (level <= 200) return
    const [x, y] = [layer.x + (i % layer.width), layer.y + Math.floor(i / layer.width)]
    ;[left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)]
  })
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** Typical grey next to the letters of white text over a white clip: three pixels beside their edges. */
function groundAroundLetters(layer: Layer): number {
  const levels = [...over(layer, 255)]
  const isInk = (index: number) => layer.rgba[index * 4 + 3]! > 250 && layer.rgba[index * 4]! > 250
  const beside = levels.filter((level, index) => !isInk(index) && level < 250 && (isInk(index - 3) || isInk(index + 3)))
  return beside.toSorted((a, b) => a - b)[Math.floor(beside.length / 2)]!
}

describe('drawLayers', () => {
  it('gives one even-sided layer per overlay inside the frame, the label last and all the time', async () => {
    const { layers } = await draw({
      overlays: [text('Hi', { enter: 'slide_up', from: 1 }), button('Go'), image()],
      endCard: { seconds: 2, background: '#fff', text: '', logo: null },
    })
    expect(layers.map(({ overlay }) => overlay)).toEqual([0, 1, 2, -2])
    expect(layers[0]).toMatchObject({ enter: 'slide_up', exit: 'none', from: 1, to: 4 })
    expect(layers.at(-1)).toMatchObject({ from: 0, to: 6, enter: 'none', exit: 'none' })
    for (const { x, y, width, height, rgba } of layers) {
      expect([x, y, width, height].every((value) => value >= 0 && value % 2 === 0)).toBe(true)
      expect(rgba).toHaveLength(width * height * 4)
      expect(contains({ x: 0, y: 0, width: 1080, height: 1920 }, { x, y, width, height })).toBe(true)
    }
  })

  it.each(locales)('keeps the ink of a %s headline inside the safe zone', async (locale) => {
    const format = formatOf('reels_9x16')
    const given = composition({
      locale,
      format,
      label: null,
      overlays: [text(`${copies[locale][0]} ${copies[locale][2]}`), text(copies[locale][0], { anchor: 'bottom' })],
    })
    for (const layer of (await drawLayers(given, assets)).layers) {
      const letters = boxOfLetters(layer)
      expect(letters.width).toBeGreaterThan(100)
      expect(contains(safeZone(format, localeDirection(locale)), letters)).toBe(true)
    }
  })

  it.each(['en', 'hi', 'ja', 'ar', 'th'] as const)('keeps white %s text readable on a white clip', async (locale) => {
    const [headline, , body] = copies[locale]
    const { layers } = await draw({
      label: null,
      locale,
      overlays: [
        text(headline),
        text(body, { style: 'body', anchor: 'center' }),
        text(body, { style: 'legal', anchor: 'bottom' }),
      ],
    })
    const needed = [3, 4.5, 4.5]
    layers.forEach((layer, index) => {
      const ground = groundAroundLetters(layer)
      expect(contrast({ r: ground, g: ground, b: ground }, { r: 255, g: 255, b: 255 })).toBeGreaterThanOrEqual(needed[index]!)
    })
  })

  it('draws the same bytes every time', async () => {
    const given = {
      overlays: [text(copies.ar[0]), button('Go')],
      locale: 'ar',
      endCard: { seconds: 1, background: '#14110f', text: 'x', logo },
    }
    const bytes = async () => {
      const { layers, endCard } = await draw(given)
      return Buffer.concat([...layers.map(({ rgba }) => rgba), endCard!])
    }
    expect((await bytes()).equals(await bytes())).toBe(true)
  })

  it('draws in an uploaded brand font, with Inter for what it lacks', async () => {
    const brandFont = 'f'.repeat(64)
    const path = fileURLToPath(new URL(fileOf('noto-sans-latin', 700), fontsFolder))
    const drawn = (headline: string) =>
      drawLayers(
        composition({
          label: null,
          overlays: [text('Maria ราคา')],
          brand: { ...composition().brand, fonts: { headline, body: 'Inter' } },
        }),
        { ...assets, [brandFont]: path },
      )
    const [brand, shipped, inter] = [await drawn(brandFont), await drawn('Noto Sans'), await drawn('Inter')]
    expect(brand.findings).toEqual([])
    expect(Buffer.from(brand.layers[0]!.rgba).equals(shipped.layers[0]!.rgba)).toBe(true)
    expect(Buffer.from(brand.layers[0]!.rgba).equals(inter.layers[0]!.rgba)).toBe(false)
  })

  it('goes on with Inter when the brand font is no font', async () => {
    const brand = { ...composition().brand, fonts: { headline: svg, body: 'Inter' } }
    const [{ layers: plain }, { layers, findings }] = [
      await draw({ overlays: [text('Hi')] }),
      await draw({ brand, overlays: [text('Hi')] }),
    ]
    expect(findings).toEqual([expect.objectContaining({ overlay: 0, code: 'glyph_missing' })])
    expect(Buffer.from(layers[0]!.rgba).equals(plain[0]!.rgba)).toBe(true)
  })

  it('draws the image in its place with straight alpha', async () => {
    const { layers } = await draw({ label: null, overlays: [image({ width: 0.2 })] })
    const [layer] = layers
    expect(pixelOf(layer!, 40, 40)).toEqual([255, 0, 0, 255])
  })

  it('fills the frame with the end card and keeps the place of the label free', async () => {
    const format = formatOf('square_1x1')
    const { endCard, layers } = await draw({ format, endCard: { seconds: 2, background: '#14110f', text: copies.de[0], logo } })
    expect(endCard).toHaveLength(1080 * 1080 * 4)
    expect(endCard!.subarray(0, 4)).toEqual(new Uint8Array([0x14, 0x11, 0x0f, 255]))
    const label = layers.at(-1)!
    for (let y = label.y; y < label.y + label.height; y += 3)
      for (let x = label.x; x < label.x + label.width; x += 3) expect(endCard![(y * 1080 + x) * 4]).toBe(0x14)
  })

  it('has no layer for a text that nothing can be drawn of, but a finding', async () => {
    const { layers, findings } = await draw({ label: null, overlays: [text('שלום')] })
    expect(layers).toEqual([])
    expect(findings).toEqual([expect.objectContaining({ code: 'glyph_missing' })])
  })

  it.each([
    ['missing', 'e'.repeat(64), /not among/],
    ['an SVG', svg, /neither PNG/],
    ['cut short', broken, /cannot be decoded/],
  ])('refuses an image that is %s', async (_, sha256, message) => {
    await expect(draw({ overlays: [image({ image: sha256 })] })).rejects.toMatchObject({
      name: 'Terminal',
      code: 'bad_media',
      message: expect.stringMatching(message),
    })
  })
})

describe('colours', () => {
  it('keeps the brand text colour where it reads, else takes black or white', () => {
    const [white, black] = [parseColor('#fff')!, { r: 17, g: 17, b: 17 }]
    expect(readableOn(parseColor('#0a5cff')!, white)).toEqual(white)
    expect(readableOn(parseColor('#ffd400')!, white)).toEqual(black)
    expect(readableOn(parseColor('#14110f')!, black)).toEqual(white)
    expect(parseColor('red; background: url(x)')).toBeUndefined()
  })
})
