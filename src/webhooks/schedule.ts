/** When a delivery is tried: ten attempts over 75 h 35 min, each wait ± 20 %, never before the receiver asked for. Pure. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** The wait before each attempt, in milliseconds. */
export const schedule = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/** A receiver may ask for more time, but not put a delivery off for ever. */
export const LONGEST_RETRY_AFTER_MS = 24 * HOUR
const JITTER = 0.2

export type NextAttempt = { readonly status: 'again'; readonly delayMs: number } | { readonly status: 'exhausted' }

/**
 * @param failed scheduled attempts that have failed so far, from 1
 * @param random 0 ≤ x < 1; spreads the attempts of a thousand deliveries that failed together
 * @param retryAfterMs what the receiver asked for
 */
export function nextAttempt(options: { failed: number; random: number; retryAfterMs?: number | undefined }): NextAttempt {
  const wait = schedule[options.failed]
  if (wait === undefined) return { status: 'exhausted' }
  const jittered = Math.round(wait * (1 + JITTER * (2 * options.random - 1)))
  return { status: 'again', delayMs: Math.max(jittered, Math.min(options.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS)) }
}

/**
 * `Retry-After` (RFC 9110): seconds, or an HTTP date.
 * @returns milliseconds from `now`, or undefined for what is neither
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * SECOND
  const at = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
