import { campaignStatuses, campaignTransitions, editFaults, editing, hasRoom } from '#src/domain/campaign/rules.ts'
import {
  attemptStatuses,
  attemptTransitions,
  generationStatuses,
  generationTransitions,
  liveStatuses,
} from '#src/domain/generation/rules.ts'
import { allows, assertTransition, sourcesOf, terminalStates, type Transitions } from '#src/domain/transitions.ts'
import {
  openVariantStatuses,
  renditionStatuses,
  renditionTransitions,
  variantEnd,
  variantStatuses,
  variantTransitions,
} from '#src/domain/variant/rules.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const tables: Record<string, { states: readonly string[]; table: Transitions<string>; start: string }> = {
  campaign: { states: campaignStatuses, table: campaignTransitions, start: 'draft' },
  generation: { states: generationStatuses, table: generationTransitions, start: 'planned' },
  attempt: { states: attemptStatuses, table: attemptTransitions, start: 'sending' },
  variant: { states: variantStatuses, table: variantTransitions, start: 'planned' },
  rendition: { states: renditionStatuses, table: renditionTransitions, start: 'waiting' },
}

describe.each(Object.entries(tables))('the transitions of a %s', (name, { states, table, start }) => {
  test('name every state, and only states', () => {
    expect(Object.keys(table).sort()).toEqual([...states].sort())
    for (const next of Object.values(table)) for (const state of next) expect(states).toContain(state)
  })

  test('reach every state from the first one, and end', () => {
    const reached = new Set([start])
    for (const state of reached) for (const next of table[state]!) reached.add(next)
    expect([...reached].sort()).toEqual([...states].sort())
    expect(terminalStates(table).length).toBeGreaterThan(0)
  })

  test('refuse what the table does not list, and say what would be possible', () => {
    for (const from of states) {
      for (const to of states) {
        const attempt = () => assertTransition(name, table, from, to)
        if (allows(table, from, to)) expect(attempt).not.toThrow()
        else expect(attempt).toThrow(`The ${name} is "${from}" and cannot become "${to}".`)
        expect(sourcesOf(table, to).includes(from)).toBe(allows(table, from, to))
      }
    }
  })
})

test('what is live is what may still yield, or has yielded, a clip', () => {
  const ended = ['failed', 'cancelled', 'abandoned', 'removed']
  expect([...liveStatuses, ...ended].sort()).toEqual([...generationStatuses].sort())
})

test('a submitted generation is never simply cancelled', () => {
  expect(sourcesOf(generationTransitions, 'cancelled')).toEqual(['planned'])
})

test('while a campaign renders, exactly five fields may change', () => {
  const allowed = ['budget_micro_usd', 'priority', 'not_before', 'on_uncertain', 'metadata']
  expect(editFaults('rendering', allowed)).toEqual([])
  expect(editFaults('rendering', ['models', 'name']).map((fault) => fault.pointer)).toEqual(['/models', '/name'])
  expect(editing.planned).toEqual({ fields: 'all', becomesDraft: true })
})

test('a campaign without a budget always has room', () => {
  expect(hasRoom({ budget_micro_usd: null, reserved_micro_usd: 5, spent_micro_usd: 5 })).toBe(true)
  expect(hasRoom({ budget_micro_usd: 10, reserved_micro_usd: 5, spent_micro_usd: 5 })).toBe(false)
})

describe('the outcome of a variant', () => {
  const rendition = (status: (typeof renditionStatuses)[number]) => ({
    status,
    error: status === 'failed' ? { code: 'qa_failed', message: 'Black.' } : null,
  })

  test('is open exactly while a rendition may still change by itself', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...renditionStatuses), { minLength: 1, maxLength: 6 }), (statuses) => {
        const end = variantEnd(statuses.map(rendition), 'none')
        const open = statuses.includes('waiting') || statuses.includes('composing')
        expect(end.status === 'open').toBe(open)
        if (!open) expect(end.status).toBe(statuses.includes('failed') ? 'failed' : 'ready')
      }),
    )
  })

  test('three of four ready and one failed is failed, with the reason', () => {
    const end = variantEnd((['ready', 'failed', 'ready', 'ready'] as const).map(rendition), 'none')
    expect(end).toEqual({ status: 'failed', error: { code: 'qa_failed', message: 'Black.' } })
  })

  test('waits for review where the campaign asks for it', () => {
    expect(variantEnd([rendition('ready')], 'all').status).toBe('in_review')
    expect(openVariantStatuses).toContain('in_review')
  })
})
