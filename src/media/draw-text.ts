/** Painting fitted text. */
import type { SKRSContext2D } from '@napi-rs/canvas'
import { css, haloFor, type Rgb } from './color.ts'
import type { Horizontal, Rect } from './layout-geometry.ts'
import { measure } from './text-measure.ts'
import { shorterSide } from './text-style.ts'
import type { TextBlock } from './text.ts'

export interface TextPaint {
  readonly block: TextBlock
  readonly box: Pick<Rect, 'x' | 'y' | 'width'>
  readonly align: Horizontal
  readonly color: Rgb
}

/** Calls back with each line and where its left end and baseline are. */
function eachLine({ block, box, align }: TextPaint, draw: (line: string, x: number, baseline: number) => void): void {
  block.lines.forEach((line, index) => {
    const free = box.width - measure(line, block.setting).advance * block.sizePx
    const x = box.x + free * shareBefore[align]
    draw(line, x, box.y + block.baselinePx + index * block.lineHeightPx)
  })
}

const shareBefore = { left: 0, center: 0.5, right: 1 } as const satisfies Record<Horizontal, number>

function prepare(context: SKRSContext2D, { block }: TextPaint): void {
  context.font = block.setting.font.css(block.sizePx)
  context.lang = block.setting.lang
  context.direction = block.setting.direction
  context.textAlign = 'left'
  context.textBaseline = 'alphabetic'
}

export function paintText(context: SKRSContext2D, paint: TextPaint): void {
  prepare(context, paint)
  context.fillStyle = css(paint.color)
  eachLine(paint, (line, x, baseline) => context.fillText(line, x, baseline))
}

/**
 * Text over a moving picture must be read on a clip of any brightness, also on white: an even, soft shade behind the
 * lines, and tight halos for the letters' edge. No box, so that it disappears on a dark clip. All of it
 * comes before all letters, or a line would darken the one above it.
 */
export function paintTextOverClip(context: SKRSContext2D, paint: TextPaint): void {
  prepare(context, paint)
  const halo = haloFor(paint.color)
  context.save()
  paintShade(context, paint, halo)
  for (const { blur, alpha, drop } of halos) {
    context.shadowColor = css(halo, alpha)
    context.shadowBlur = blur * haloSize(paint.block)
    context.shadowOffsetY = drop * haloSize(paint.block)
    context.fillStyle = css(halo)
    eachLine(paint, (line, x, baseline) => context.fillText(line, x, baseline))
  }
  context.restore()
  paintText(context, paint)
}

/** Of the text's size. Tight ones only: a wide halo that follows the letters blurs their outline (text recognition read less). */
const halos = [
  { blur: 0.2, alpha: 0.3, drop: 0.01 },
  { blur: 0.1, alpha: 0.3, drop: 0.02 },
] as const

/** Thin strokes need a darker ground: a headline's weight and size carry it with less. */
const shadeAlpha = { headline: 0.54, body: 0.6, legal: 0.62, button: 0.55, end_card: 0.44, label: 0.55 } as const

/** One blurred shape behind the ink of all lines: only its shadow is drawn, the shape itself is far outside the picture. */
function paintShade(context: SKRSContext2D, paint: TextPaint, halo: Rgb): void {
  const { block } = paint
  const size = haloSize(block)
  const [beside, above] = [size * 0.45, size * 0.3]
  const descent = block.height - block.baselinePx - (block.lines.length - 1) * block.lineHeightPx
  context.shadowColor = css(halo, shadeAlpha[block.style])
  context.shadowBlur = size * 0.9
  context.shadowOffsetX = farAway
  context.fillStyle = css(halo)
  context.beginPath()
  eachLine(paint, (line, x, baseline) => {
    const width = measure(line, block.setting).advance * block.sizePx + 2 * beside
    const height = block.baselinePx + descent + 2 * above
    context.roundRect(x - beside - farAway, baseline - block.baselinePx - above, width, height, beside)
  })
  context.fill()
  context.shadowOffsetX = 0
}

const farAway = 20_000

/** Small text gets a wider halo in relation. */
const haloSize = ({ sizePx, frame }: TextBlock): number => Math.max(sizePx, 0.028 * shorterSide(frame))

/** How far a halo reaches beyond the text's box. */
export const haloReach = (block: TextBlock): number => Math.ceil(haloSize(block) * 1.5)
