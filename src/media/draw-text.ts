/** Painting fitted text. */
import type { SKRSContext2D } from '@napi-rs/canvas'
import { css, haloFor, type Rgb } from './color.ts'
import type { Horizontal, Rect } from './layout-geometry.ts'
import { measure } from './text-measure.ts'
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
 * Text over a moving picture: a wide soft halo that follows the letters keeps them readable on a clip of any brightness
 * without a box around them, a tight one gives the edge. All halos come before all letters, or a line would darken the
 * one above it.
 */
export function paintTextOverClip(context: SKRSContext2D, paint: TextPaint): void {
  prepare(context, paint)
  const halo = haloFor(paint.color)
  context.save()
  for (const { blur, alpha, drop } of halos) {
    context.shadowColor = css(halo, alpha)
    context.shadowBlur = blur * haloSize(paint.block)
    context.shadowOffsetY = drop * haloSize(paint.block)
    context.fillStyle = css(halo, 1)
    eachLine(paint, (line, x, baseline) => context.fillText(line, x, baseline))
  }
  context.restore()
  paintText(context, paint)
}

/** Of the text's size; small text needs a halo that is wider in relation. */
const halos = [
  { blur: 0.9, alpha: 0.55, drop: 0 },
  { blur: 0.42, alpha: 0.6, drop: 0.02 },
  { blur: 0.12, alpha: 0.65, drop: 0.02 },
] as const

const haloSize = ({ sizePx }: TextBlock): number => Math.max(sizePx, 30)

/** How far a halo reaches beyond the text's box. */
export const haloReach = (block: TextBlock): number => Math.ceil(haloSize(block) * 0.95)
