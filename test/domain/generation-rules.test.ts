import { failureCost, isPastSunset, payersInLine, recoveryStep, submitBackoffMs } from '#src/domain/generation/rules.ts'
import { budgetChange, isOverrun, monthOf, settlement } from '#src/domain/spend/rules.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const micro = fc.integer({ min: 0, max: 1e12 })

describe('the arithmetic of the ledger', () => {
  test('a reservation and its settlement leave exactly what was billed', () => {
    fc.assert(
      fc.property(micro, micro, (reserved, cost) => {
        const change = budgetChange([{ kind: 'reserve', micro_usd: reserved }, ...settlement(reserved, cost)])
        expect(change.reserved).toBe(0)
        expect(change.spent).toBe(cost)
        expect(isOverrun(reserved, cost)).toBe(cost > reserved)
      }),
    )
  })

  test('a month is counted in UTC', () => {
    expect(monthOf(new Date('2026-11-30T23:59:59Z'))).toBe('2026-11-01')
    expect(monthOf(new Date('2026-12-01T00:00:00Z'))).toBe('2026-12-01')
  })
})

describe('what a failure costs', () => {
  const facts = { chargedOnRefusal: 'no' as const, reservedMicroUsd: 500 }
  test.each([
    ['the answer names a price', { ...facts, costMicroUsd: 70, billed: false }, 70],
    ['the answer says billed', { ...facts, billed: true }, 500],
    ['the answer says not billed, against the card', { ...facts, chargedOnRefusal: 'yes' as const, billed: false }, 0],
    ['only the card says billed', { ...facts, chargedOnRefusal: 'yes' as const }, 500],
    ['nobody knows', { ...facts, chargedOnRefusal: 'unknown' as const }, 0],
  ])('%s', (_, given, cost) => expect(failureCost(given)).toBe(cost))
})

describe('a lost answer', () => {
  const facts = { outcome: 'absent' as const, secondsSinceSubmit: 200, absentBefore: 1, hopeless: false }

  test('is believed absent after 120 s and twice in a row, not before', () => {
    expect(recoveryStep({ ...facts, secondsSinceSubmit: 119 })).toMatchObject({ kind: 'ask-again', absent: 0 })
    expect(recoveryStep({ ...facts, absentBefore: 0 })).toMatchObject({ kind: 'ask-again', absent: 1 })
    expect(recoveryStep(facts)).toEqual({ kind: 'believe-absent' })
  })

  test('is uncertain at once where the model has no way to find it, else after some tries', () => {
    const undetermined = { ...facts, outcome: 'undetermined' as const }
    expect(recoveryStep({ ...undetermined, secondsSinceSubmit: 1, hopeless: true })).toEqual({ kind: 'uncertain' })
    expect(recoveryStep({ ...undetermined, secondsSinceSubmit: 100 })).toMatchObject({ kind: 'ask-again', absent: 0 })
    expect(recoveryStep(undetermined)).toEqual({ kind: 'uncertain' })
  })

  test('is never asked again without waiting', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 119.999, noNaN: true }), (secondsSinceSubmit) => {
        const step = recoveryStep({ ...facts, secondsSinceSubmit })
        expect(step.kind === 'ask-again' && step.afterMs >= 1000).toBe(true)
      }),
    )
  })
})

test('submissions back off and never stop being tried within minutes', () => {
  const waits = Array.from({ length: 20 }, (_, i) => submitBackoffMs(i + 1))
  expect(waits.slice(0, 3)).toEqual([5000, 10_000, 20_000])
  expect(waits.toSorted((a, b) => a - b)).toEqual(waits)
  expect(waits.at(-1)).toBe(300_000)
})

test('who pays: priority, then age', () => {
  const campaign = (id: string, priority: number, day: number) => ({
    id,
    priority,
    created_at: new Date(Date.UTC(2026, 10, day)),
  })
  const line = payersInLine([campaign('young', 5, 9), campaign('urgent', 1, 20), campaign('old', 5, 1)])
  expect(line.map(({ id }) => id)).toEqual(['urgent', 'old', 'young'])
})

test('a model takes nothing on the day of its sunset', () => {
  expect(isPastSunset('2026-11-22', new Date('2026-11-21T23:59:59Z'))).toBe(false)
  expect(isPastSunset('2026-11-22', new Date('2026-11-22T00:00:00Z'))).toBe(true)
  expect(isPastSunset(undefined, new Date())).toBe(false)
})
