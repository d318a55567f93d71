/** How an overlay comes and goes: the same numbers as a filter expression (video) and as a value (still). */
import type { Motion } from '#src/contracts/composition.ts'
import { decimal } from './graph-text.ts'

export const motionSeconds = 0.3
/** How far a slide travels, as a fraction of the frame's shorter side. */
const travel = 0.08

interface Moving {
  readonly from: number
  readonly to: number
  readonly enter: Motion
  readonly exit: Motion
}

/** The direction of movement: `slide_up` comes from below, and leaves upwards. */
const directions = {
  none: { x: 0, y: 0 },
  fade: { x: 0, y: 0 },
  slide_up: { x: 0, y: -1 },
  slide_down: { x: 0, y: 1 },
  slide_left: { x: -1, y: 0 },
  slide_right: { x: 1, y: 0 },
} as const satisfies Record<Motion, { x: number; y: number }>

/** Enter and exit never overlap: an overlay of 0.4 s has 0.2 s for each. */
export const motionLength = ({ from, to }: Moving): number => Math.min(motionSeconds, (to - from) / 2)

export const travelPx = (frame: { width: number; height: number }): number =>
  Math.round(travel * Math.min(frame.width, frame.height))

const clamp = (value: number): number => Math.min(1, Math.max(0, value))
/** Cubic: 1 far away, 0 at rest. */
const away = (progress: number): number => (1 - clamp(progress)) ** 3

/** Opacity and shift at a time; outside `from … to` the opacity is 0. */
export function motionAt(moving: Moving, seconds: number, distance: number): { opacity: number; dx: number; dy: number } {
  const { from, to, enter, exit } = moving
  if (seconds < from || seconds >= to) return { opacity: 0, dx: 0, dy: 0 }
  const length = motionLength(moving)
  const entering = enter === 'none' ? 1 : clamp((seconds - from) / length)
  const leaving = exit === 'none' ? 1 : clamp((to - seconds) / length)
  const shift = (axis: 'x' | 'y') =>
    directions[exit][axis] * distance * away(leaving) - directions[enter][axis] * distance * away(entering)
  return { opacity: Math.min(entering, leaving), dx: shift('x'), dy: shift('y') }
}

/** The place along one axis as an expression of `t`, or a plain number where nothing moves. */
export function placeExpression(moving: Moving, axis: 'x' | 'y', rest: number, distance: number): string {
  const length = decimal(motionLength(moving))
  const term = (motion: Motion, sign: number, progress: string) => {
    const reach = directions[motion][axis] * distance * sign
    return reach === 0 ? '' : `${reach < 0 ? '-' : '+'}${Math.abs(reach)}*pow(1-clip((${progress})/${length},0,1),3)`
  }
  const enter = term(moving.enter, -1, `t-${decimal(moving.from)}`)
  const exit = term(moving.exit, 1, `${decimal(moving.to)}-t`)
  return enter + exit === '' ? String(rest) : `'${rest}${enter}${exit}'`
}

/** Opacity as filters over the layer's own clock, which begins at `from`. */
export function fadeFilters(moving: Moving): readonly string[] {
  const length = motionLength(moving)
  const exitAt = moving.to - moving.from - length
  return [
    ...(moving.enter === 'none' ? [] : [`fade=t=in:st=0:d=${decimal(length)}:alpha=1`]),
    ...(moving.exit === 'none' ? [] : [`fade=t=out:st=${decimal(exitAt)}:d=${decimal(length)}:alpha=1`]),
  ]
}
