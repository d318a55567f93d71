import '#test/media/fonts-setup.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Composition } from '#src/contracts/composition.ts'
import { contains, intersects, safeZone, simultaneous } from '#src/media/layout-geometry.ts'
import { layout, type Layout } from '#src/media/layout.ts'
import { measureFindings } from '#src/media/draw.ts'
import { localeDirection } from '#src/media/text-script.ts'
import {
  button,
  composition,
  compositions,
  copies,
  formatOf,
  formats,
  image,
  locales,
  logo,
  logoShapes,
  text,
} from '#test/media/layout-compositions.ts'

const images = new Map([[logo, { width: 400, height: 160 }]])
const laid = (more: Partial<Composition>): Layout => layout(composition(more), images)
const boxOf = ({ placed }: Layout, overlay: number) => placed.find(({ item }) => item.overlay === overlay)!.box
const codes = ({ findings }: Pick<Layout, 'findings'>): string[] => findings.map(({ code }) => code)
const safe = (composition: Composition) => safeZone(composition.format, localeDirection(composition.locale))
const spring = {
  locale: 'en',
  overlays: [text(copies.en[0]), text(copies.en[2], { style: 'body', anchor: 'bottom' }), button(copies.en[1]), image()],
}

describe('layout', () => {
  it('never leaves the safe zone and never overlaps in silence, whatever the composition', () => {
    fc.assert(
      fc.property(compositions, fc.constantFrom(...logoShapes), (given, shape) => {
        const { placed, findings, endCard } = layout(given, new Map([[logo, shape]]))
        const zone = safe(given)
        const boxes = [...placed.map(({ box }) => box), endCard?.text, endCard?.logo?.box].filter(
          (box) => box !== null && box !== undefined,
        )
        expect(boxes.filter((box) => !contains(zone, box))).toEqual([])
        const seen = placed.filter(({ box }) => box.width > 0 && box.height > 0)
        const pairs = seen.flatMap((a, i) => seen.slice(i + 1).map((b) => [a, b] as const))
        const colliding = pairs.filter(([a, b]) => simultaneous(a.item, b.item) && intersects(a.box, b.box))
        expect(findings.filter(({ code }) => code === 'overlays_collide')).toHaveLength(colliding.length)
      }),
      { numRuns: 400 },
    )
  })

  it('needs no collision for an ordinary ad, in any format and script', () => {
    for (const format of formats)
      for (const locale of locales) {
        const [headline, call, body] = copies[locale]
        const overlays = [
          text(headline),
          text(body, { style: 'body', anchor: 'bottom' }),
          button(call),
          image(),
          image({ anchor: 'bottom_right' }),
        ]
        const found = laid({ format, locale, overlays })
        expect(
          codes(found).filter((code) => code !== 'button_not_allowed'),
          `${format.id} ${locale}`,
        ).toEqual([])
      }
  })

  it('mirrors for right-to-left locales', () => {
    const overlays = [
      image(),
      text('AB', { anchor: 'left' }),
      button('AB', { anchor: 'bottom_right', offset: { x: -0.05, y: 0 } }),
    ]
    const format = formatOf('feed_4x5')
    const [ltr, rtl] = ['en', 'ar'].map((locale) => laid({ locale, overlays, format }))
    for (const overlay of [0, 1, 2, -2]) {
      const [left, right] = [boxOf(ltr!, overlay), boxOf(rtl!, overlay)]
      expect(right).toEqual({ ...left, x: format.width - left.x - left.width })
    }
  })

  it('swaps the sides of the safe zone where the channel mirrors its interface', () => {
    const tiktok = formatOf('tiktok_infeed')
    expect([safeZone(tiktok, 'ltr').x, safeZone(tiktok, 'rtl').x]).toEqual([tiktok.safe_zone_px.left, tiktok.safe_zone_px.right])
    const reels = formatOf('reels_9x16')
    expect(safeZone(reels, 'rtl').x).toBe(reels.safe_zone_px.left)
  })

  it('puts the AI label into the upper end corner for the whole video, end card included', () => {
    const found = laid({ ...spring, endCard: { seconds: 2, background: '#000000', text: 'Hello', logo } })
    const { box, item } = found.placed.at(-1)!
    const zone = safe(composition())
    expect([box.x + box.width, box.y]).toEqual([zone.x + zone.width, zone.y])
    expect(item).toMatchObject({ overlay: -2, from: 0, to: 6 })
    expect(laid({ ...spring, label: null }).placed.every(({ item: { overlay } }) => overlay >= 0)).toBe(true)
  })

  it('reads a group at the bottom in template order', () => {
    const found = laid({
      overlays: [text('One', { anchor: 'bottom' }), button('Two'), text('Three', { anchor: 'bottom', style: 'legal' })],
    })
    const tops = [0, 1, 2].map((overlay) => boxOf(found, overlay).y)
    expect(tops).toEqual(tops.toSorted((a, b) => a - b))
  })

  it('stands a picture beside its text where both fit', () => {
    const overlays = [text('Wake up', { anchor: 'left' }), image({ anchor: 'right', width: 0.3 })]
    const [wide, narrow] = ['instream_16x9', 'reels_9x16'].map((id) => laid({ format: formatOf(id), overlays }))
    const middles = (found: Layout) =>
      [0, 1].map((overlay) => boxOf(found, overlay)).map(({ y, height }) => Math.round(y + height / 2))
    expect(Math.abs(middles(wide!)[0]! - middles(wide!)[1]!)).toBeLessThanOrEqual(1)
    expect(intersects(boxOf(narrow!, 0), boxOf(narrow!, 1))).toBe(false)
  })

  it('lets overlays at different times share a place', () => {
    const found = laid({ overlays: [text('One', { to: 2 }), text('Two', { from: 2 })] })
    expect(boxOf(found, 0).y).toBe(boxOf(found, 1).y)
  })

  it('moves by offsets, but not out of the safe zone', () => {
    const at = (offset: { x: number; y: number }) => boxOf(laid({ overlays: [text('One', { anchor: 'center', offset })] }), 0)
    expect(at({ x: 0.05, y: -0.1 })).toMatchObject({ x: at({ x: 0, y: 0 }).x + 54, y: at({ x: 0, y: 0 }).y - 192 })
    expect(contains(safe(composition()), at({ x: 1, y: 1 }))).toBe(true)
  })

  it('tells when an offset makes overlays collide, and which one to move', () => {
    const found = laid({ overlays: [text('One'), text('Two', { anchor: 'bottom', offset: { x: 0, y: -1 } })] })
    expect(found.findings).toContainEqual(
      expect.objectContaining({ overlay: 1, code: 'overlays_collide', message: expect.stringMatching(/offset/) }),
    )
    const onLabel = laid({ overlays: [text('One', { anchor: 'right', offset: { x: 0, y: -1 } })] })
    expect(onLabel.findings).toContainEqual(
      expect.objectContaining({ overlay: 0, code: 'overlays_collide', message: expect.stringMatching(/AI label/) }),
    )
  })

  it('shrinks texts together before it cuts any, and flags what it cuts', () => {
    const long = `${copies.en[2]} `.repeat(3)
    const some = laid({ overlays: [text(long), text(long, { anchor: 'center' })], format: formatOf('square_1x1') })
    expect(codes(some)).not.toContain('text_overflow')
    const many = laid({ overlays: Array.from({ length: 6 }, () => text(long)), format: formatOf('instream_16x9') })
    expect(codes(many)).toContain('text_overflow')
  })

  it('sets a button as plain text where the format forbids buttons, and says so', () => {
    const found = laid({ format: formatOf('ctv_vast'), overlays: [button('Buy now')] })
    expect(found.placed[0]!.item.content.kind).toBe('text')
    expect(codes(found)).toEqual(['button_not_allowed'])
  })

  it('keeps an image in its shape and leaves room for the label', () => {
    const { width, height } = boxOf(laid({ overlays: [image({ width: 1, anchor: 'top_right' })] }), 0)
    expect(width / height).toBeCloseTo(2.5, 1)
  })

  it('centres the end card on the frame, not on a lopsided safe zone', () => {
    const { endCard } = laid({ endCard: { seconds: 2, background: '#000000', text: 'aurora.example', logo } })
    for (const box of [endCard!.text!, endCard!.logo!.box]) expect(Math.abs(box.x + box.width / 2 - 540)).toBeLessThanOrEqual(1)
  })
})

describe('measureFindings', () => {
  it('reports per composition, without any file of an image', async () => {
    const [good, bad] = await measureFindings([composition(spring), composition({ overlays: [text('שלום')] })], {})
    expect(good).toEqual([])
    expect(bad).toEqual([expect.objectContaining({ overlay: 0, code: 'glyph_missing' })])
  })

  it('never repeats the copy, which may be personal', async () => {
    const [findings] = await measureFindings(
      [composition({ overlays: [text('Wolfeschlegelsteinhausenbergerdorff'.repeat(9))] })],
      {},
    )
    expect(codes({ findings: findings! })).toEqual(['text_overflow'])
    expect(JSON.stringify(findings)).not.toMatch(/wolfe/i)
  })

  it('says that a brand font is not there, and goes on with Inter', async () => {
    const brand = { ...composition().brand, fonts: { headline: 'f'.repeat(64), body: 'Inter' } }
    const [findings] = await measureFindings([composition({ brand, overlays: [text('Hi')] })], {})
    expect(findings).toEqual([expect.objectContaining({ code: 'glyph_missing', message: expect.stringMatching(/brand font/) })])
  })

  it('is quick', async () => {
    const all = Array.from({ length: 1000 }, (_, i) =>
      composition({ ...spring, overlays: [text(`Maria ${i}, wake up`), ...spring.overlays.slice(1)] }),
    )
    const started = performance.now()
    await measureFindings(all, {})
    const perSecond = Math.round(all.length / ((performance.now() - started) / 1000))
    console.log(`measureFindings: ${perSecond} compositions of four overlays a second`)
    expect(perSecond).toBeGreaterThan(100)
  })
})
