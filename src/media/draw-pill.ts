/** The button and the AI label: text in a pill. */
import type { SKRSContext2D } from '@napi-rs/canvas'
import { colorOr, css, readableOn, type Rgb } from './color.ts'
import type { Rect } from './layout-geometry.ts'
import { iconGap, pillPadding } from './layout-items.ts'
import { paintText } from './draw-text.ts'
import { measure } from './text-measure.ts'
import type { TextBlock } from './text.ts'

interface Pill {
  readonly block: TextBlock
  readonly box: Rect
}

const white: Rgb = { r: 255, g: 255, b: 255 }
const black: Rgb = { r: 0, g: 0, b: 0 }

/** How far a button's shadow reaches beyond its box. */
export const buttonReach = ({ sizePx }: TextBlock): number => Math.ceil(sizePx * 0.8)

function pillPath(context: SKRSContext2D, { x, y, width, height }: Rect, inset = 0): void {
  const radius = Math.max(0, Math.min(height / 2 - inset, height))
  context.beginPath()
  context.roundRect(x + inset, y + inset, width - 2 * inset, height - 2 * inset, radius)
}

function paintPillText(context: SKRSContext2D, kind: keyof typeof pillPadding, { block, box }: Pill, color: Rgb): void {
  const padding = pillPadding[kind].x * block.sizePx
  const y = box.y + (box.height - block.height) / 2 + opticalShift(block)
  paintText(context, { block, color, align: 'center', box: { x: box.x + padding, y, width: box.width - 2 * padding } })
}

/** A line in capitals and small letters looks centred when its cap height is; descenders hang below. */
function opticalShift({ baselinePx, height, sizePx, lines }: TextBlock): number {
  const capHeight = 0.72 * sizePx
  return lines.length === 1 ? (height + capHeight) / 2 - baselinePx : 0
}

export interface ButtonColors {
  readonly text: string
  readonly accent: string
}

/** In the accent colour; the brand's text colour where it can be read on it, else white or near-black. */
export function paintButton(context: SKRSContext2D, pill: Pill, colors: ButtonColors): void {
  const accent = colorOr(colors.accent, black)
  context.save()
  context.shadowColor = css(black, 0.35)
  context.shadowBlur = pill.block.sizePx * 0.5
  context.shadowOffsetY = pill.block.sizePx * 0.12
  context.fillStyle = css(accent)
  pillPath(context, pill.box)
  context.fill()
  context.restore()
  paintPillText(context, 'button', pill, readableOn(accent, colorOr(colors.text, white)))
}

/** White on a dark pill with a light edge: distinguishable on every picture, and never in a brand's colours. */
export function paintLabel(context: SKRSContext2D, pill: Pill): void {
  context.fillStyle = css(black, 0.62)
  pillPath(context, pill.box)
  context.fill()
  context.lineWidth = Math.max(1, pill.block.sizePx / 20)
  context.strokeStyle = css(white, 0.4)
  pillPath(context, pill.box, context.lineWidth / 2)
  context.stroke()
  paintPillText(context, 'label', pill, white)
}

/** How round the icon's corners are, of its height: a badge, and no button. */
const iconRadius = 0.24

/**
 * The icon: "AI" in black on a white field, the word beside it in white on black. The EU's common icons say the same words;
 * the shape is our own.
 */
export function paintIcon(context: SKRSContext2D, pill: Pill): void {
  const { block, box } = pill
  const { width, height } = box
  const advance = (text: string): number => measure(text, block.setting).advance * block.sizePx
  const end = box.x + pillPadding.label.x * block.sizePx + advance('AI') + advance(iconGap) / 2
  const field = (from: number, to: number, ground: Rgb, color: Rgb) => {
    context.save()
    context.beginPath()
    context.rect(from, box.y, to - from, height)
    context.clip()
    context.fillStyle = css(ground)
    context.beginPath()
    context.roundRect(box.x, box.y, width, height, height * iconRadius)
    context.fill()
    paintPillText(context, 'label', pill, color)
    context.restore()
  }
  field(box.x, end, white, black)
  field(end, box.x + width, black, white)
}
