/** What the top-up asks of each kind of work: the rows to wake now, first first. */
import type { Tables } from '#src/database/tables.ts'
import type { WakeUp } from './run-queue.ts'
import type { Transaction } from 'kysely'

export interface Due {
  readonly items: readonly WakeUp[]
  /** There is more than fitted: ask again before the next second. */
  readonly more: boolean
}

/** @param window the most rows to return */
export type FindDue = (trx: Transaction<Tables>, window: number) => Promise<Due>

export const dueOf = (items: readonly WakeUp[], window: number): Due => ({ items, more: items.length >= window })
