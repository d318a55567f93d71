/** When a failed start is followed by the next: 1 s, 2 s, 4 s … up to five minutes, ± 20 %. */
const firstMs = 1_000
const longestMs = 300_000

/**
 * @param starts so far, from 1
 * @param random 0 ≤ x < 1
 */
export function backoffMs(starts: number, random: number): number {
  const ms = Math.min(firstMs * 2 ** Math.min(Math.max(starts - 1, 0), 30), longestMs)
  return Math.round(ms * (0.8 + 0.4 * random))
}
