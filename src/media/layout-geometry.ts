/** Rectangles, times and the safe zone. */
import type { Anchor, Composition, OutputFormat } from '#src/contracts/composition.ts'
import type { Direction } from './text-script.ts'

/** Whole pixels of the frame. */
export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Span {
  readonly from: number
  readonly to: number
}

export const simultaneous = (a: Span, b: Span): boolean => a.from < b.to && b.from < a.to

export const right = (rect: Rect): number => rect.x + rect.width
export const bottom = (rect: Rect): number => rect.y + rect.height

export const intersects = (a: Rect, b: Rect): boolean => a.x < right(b) && b.x < right(a) && a.y < bottom(b) && b.y < bottom(a)

export const contains = (outer: Rect, inner: Rect): boolean =>
  inner.x >= outer.x && inner.y >= outer.y && right(inner) <= right(outer) && bottom(inner) <= bottom(outer)

export const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(value, high))

/** Moves a rectangle inside; one that is larger than the outer keeps to its left upper corner. */
export const clampInto = (outer: Rect, rect: Rect): Rect => ({
  ...rect,
  x: clamp(rect.x, outer.x, Math.max(outer.x, right(outer) - rect.width)),
  y: clamp(rect.y, outer.y, Math.max(outer.y, bottom(outer) - rect.height)),
})

/** Where nothing of the channel's own covers the picture. Channels whose interface is mirrored for right-to-left users swap sides. */
export function safeZone(format: OutputFormat, direction: Direction): Rect {
  const { top, bottom, left, right } = format.safe_zone_px
  const start = format.mirror_for_rtl && direction === 'rtl' ? right : left
  return {
    x: start,
    y: top,
    width: Math.max(2, format.width - left - right),
    height: Math.max(2, format.height - top - bottom),
  }
}

export type Horizontal = 'left' | 'center' | 'right'
export type Vertical = 'top' | 'center' | 'bottom'

export interface Place {
  readonly vertical: Vertical
  readonly horizontal: Horizontal
}

/** What an anchor means; left and right change sides for right-to-left locales. */
export function placeOf(anchor: Anchor, direction: Direction): Place {
  const vertical = /^(top|bottom)/.exec(anchor)?.[1] as 'top' | 'bottom' | undefined
  const horizontal = /(left|right)$/.exec(anchor)?.[1] as 'left' | 'right' | undefined
  return { vertical: vertical ?? 'center', horizontal: horizontal ? mirror(horizontal, direction) : 'center' }
}

export function mirror(side: 'left' | 'right', direction: Direction): 'left' | 'right' {
  if (direction === 'ltr') return side
  return side === 'left' ? 'right' : 'left'
}

/** Seconds of the finished video: the clips and then the end card. */
export const totalSeconds = ({ clips, endCard }: Composition): number =>
  clips.reduce((sum, clip) => sum + clip.seconds, 0) + (endCard?.seconds ?? 0)

/** The distance between neighbours. */
export const gapOf = ({ width, height }: { width: number; height: number }): number => Math.round(Math.min(width, height) * 0.03)
