import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_RETRY_AFTER_MS, nextAttempt, retryAfterMs, schedule } from '#src/webhooks/schedule.ts'

const HOUR = 3_600_000

/** A virtual clock: when each attempt happens if all fail. */
function attemptsAt(random: () => number): number[] {
  const times = [0]
  for (let failed = 1; ; failed++) {
    const next = nextAttempt({ failed, random: random() })
    if (next.status === 'exhausted') return times
    times.push(times.at(-1)! + next.delayMs)
  }
}

describe('the schedule', () => {
  it('has 10 attempts over 75 h 35 min 5 s without jitter', () => {
    const times = attemptsAt(() => 0.5)
    expect(times).toHaveLength(10)
    expect(times.at(-1)).toBe(75 * HOUR + 35 * 60_000 + 5000)
    expect(times.slice(0, 4)).toEqual([0, 5000, 305_000, 2_105_000])
  })

  it('spreads each wait by up to 20 % both ways, and no more', () => {
    const failures = fc.integer({ min: 1, max: schedule.length - 1 })
    const property = fc.property(failures, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failed, random) => {
      const next = nextAttempt({ failed, random })
      const wait = schedule[failed]!
      expect(next.status === 'again' && Math.abs(next.delayMs - wait) <= wait * 0.2 + 1).toBe(true)
    })
    fc.assert(property)
    expect(nextAttempt({ failed: 9, random: 0 })).toEqual({ status: 'again', delayMs: 69_120_000 })
    expect(nextAttempt({ failed: 9, random: 1 - Number.EPSILON })).toEqual({ status: 'again', delayMs: 103_680_000 })
  })

  it('waits as long as the receiver asks, up to a day, and never shorter than the schedule', () => {
    expect(nextAttempt({ failed: 1, random: 0.5, retryAfterMs: 60_000 })).toEqual({ status: 'again', delayMs: 60_000 })
    expect(nextAttempt({ failed: 2, random: 0.5, retryAfterMs: 1 })).toEqual({ status: 'again', delayMs: 300_000 })
    expect(nextAttempt({ failed: 1, random: 0.5, retryAfterMs: 1e15 })).toEqual({
      status: 'again',
      delayMs: LONGEST_RETRY_AFTER_MS,
    })
    expect(nextAttempt({ failed: 10, random: 0.5, retryAfterMs: 1 })).toEqual({ status: 'exhausted' })
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['Sun, never', undefined],
    [undefined, undefined],
  ])('%s → %s', (header, ms) => expect(retryAfterMs(header, now)).toBe(ms))
})
