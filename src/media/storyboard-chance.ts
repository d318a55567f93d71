/** Chance that is none: everything a storyboard chooses comes from a digest of its prompt and seed. */
import { createHash } from 'node:crypto'

export interface Chance {
  /** 0 ≤ x < 1 */
  next(): number
  between(low: number, high: number): number
  /** A whole number, both ends included. */
  whole(low: number, high: number): number
  pick<T>(items: readonly [T, ...T[]]): T
}

/** The generator is mulberry32: 32 bits of state are plenty for a picture, and equal everywhere. */
export function chanceOf(prompt: string, seed: number, part: string): Chance {
  let state = createHash('sha256')
    .update(`${part}\n${seed}\n${prompt.normalize('NFC')}`)
    .digest()
    .readUInt32LE(0)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    whole,
    between: (low, high) => low + next() * (high - low),
    pick: (items) => items[whole(0, items.length - 1)]!,
  }
}
