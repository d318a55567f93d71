/** Text that fits its box, or says that it does not. */
import { cutText } from './text-cut.ts'
import type { BreakLevel } from './text-break.ts'
import { blockOf, fits, type Job, lineWidth, prepare, type TextBlock, type TextRequest, widestOf } from './text-job.ts'
import { balance, joinLine } from './text-lines.ts'
import { sizesPx, typeStyles } from './text-style.ts'

export type { TextBlock, TextRequest } from './text-job.ts'

/**
 * Largest size between the style's bounds at which the text fits, without breaking a word; lines are balanced. Long
 * compounds may break at their hyphens rather than become much smaller, addresses only when they would not fit otherwise.
 * What does not fit at the smallest size is cut with an ellipsis and flagged `overflow`.
 */
export function fitText(request: TextRequest): TextBlock {
  const bounds = boundsOf(request)
  const job = prepare(request)
  const { lines, maxLines } = typeStyles[request.style]
  const most = Math.min(request.maxLines ?? maxLines, maxLines)
  const handsome = { ...job, maxLines: Math.min(lines, most) }
  const whole = largest(handsome, 'words', bounds)
  if (whole !== undefined && whole >= bounds.preferredPx) return finish(handsome, 'words', whole)
  return fitTight({ ...job, maxLines: most }, bounds)
}

/** A break at a hyphen is taken when it makes the text this much larger. */
const worthBreaking = 1.2

/** Copy that is long for its place: more lines, breaks at hyphens, and at last breaks inside addresses. */
function fitTight(job: Job, { minPx, maxPx, preferredPx }: Bounds): TextBlock {
  const small = { minPx, maxPx: Math.min(maxPx, preferredPx) }
  const whole = largest(job, 'words', small)
  if (whole !== undefined && whole >= small.maxPx) return finish(job, 'words', whole)
  const hyphened = largest(job, 'hyphens', small)
  if (hyphened !== undefined && hyphened > (whole ?? 0) * worthBreaking) return finish(job, 'hyphens', hyphened)
  if (whole !== undefined) return finish(job, 'words', whole)
  const jointed = largest(job, 'addresses', small)
  return jointed === undefined ? cutText(job, minPx) : finish(job, 'addresses', jointed)
}

interface Bounds {
  readonly minPx: number
  readonly maxPx: number
  readonly preferredPx: number
}

function boundsOf({ style, frame, maxSizePx = Infinity }: TextRequest): Bounds {
  const { max, preferred, min } = sizesPx(style, frame)
  return { minPx: min, maxPx: Math.max(min, Math.min(max, Math.floor(maxSizePx))), preferredPx: preferred }
}

/** Binary search over whole sizes. */
function largest(job: Job, level: BreakLevel, { minPx, maxPx }: Omit<Bounds, 'preferredPx'>): number | undefined {
  if (!fits(job, level, minPx)) return undefined
  let [low, high] = [minPx, maxPx]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(job, level, middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** Atoms are measured apart and shape differently together by a hair; a line that came out too wide costs a pixel of size. */
function finish(job: Job, level: BreakLevel, sizePx: number): TextBlock {
  const width = lineWidth(job, sizePx)
  const lines = job.atoms(level).flatMap((atoms) => (balance(atoms, width, job.space) ?? []).map(joinLine))
  if (widestOf(job, lines) > width && sizePx > 1) return finish(job, level, sizePx - 1)
  return blockOf(job, { lines, sizePx, overflow: false })
}
