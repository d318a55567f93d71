/** Sets of code points: compact text for the checked-in coverage file, and a quick "has". */
import type { CodePoints } from './fonts-cmap.ts'

export interface Coverage {
  has(codePoint: number): boolean
}

export function coverageOf(ranges: CodePoints): Coverage {
  return Object.freeze({ has: (codePoint: number) => includes(ranges, codePoint) })
}

/** Binary search for the last range that starts at or before the code point. */
function includes(ranges: CodePoints, codePoint: number): boolean {
  let low = 0
  let high = ranges.length / 2 - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    if (codePoint < ranges[middle * 2]!) high = middle - 1
    else if (codePoint > ranges[middle * 2 + 1]!) low = middle + 1
    else return true
  }
  return false
}

/** Differences in base 36, e.g. "w.2m 1.5": four times smaller than the numbers. */
export function encodeCodePoints(ranges: CodePoints): string {
  let previous = 0
  const steps = ranges.map((value) => {
    const step = (value - previous).toString(36)
    previous = value
    return step
  })
  return Array.from({ length: steps.length / 2 }, (_, i) => `${steps[i * 2]}.${steps[i * 2 + 1]}`).join(' ')
}

export function decodeCodePoints(text: string): CodePoints {
  let value = 0
  return text
    .split(/[ .]/)
    .filter((step) => step !== '')
    .map((step) => (value += Number.parseInt(step, 36)))
}
