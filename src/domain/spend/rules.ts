/**
 * The arithmetic of the ledger. Rows are never changed, so sums of them are the truth:
 * per campaign, reserve + release = reserved, settle + adjust = spent.
 */
export const ledgerKinds = ['reserve', 'settle', 'release', 'adjust'] as const
export type LedgerKind = (typeof ledgerKinds)[number]

export interface LedgerEntry {
  readonly kind: LedgerKind
  /** Signed from the budget's point of view. */
  readonly micro_usd: number
}

export interface BudgetChange {
  readonly reserved: number
  readonly spent: number
}

/** What ending a reservation writes: the reservation goes, and what was really billed comes. */
export function settlement(reserved: number, cost: number): readonly LedgerEntry[] {
  const release: LedgerEntry = { kind: 'release', micro_usd: -reserved }
  return cost === 0 ? [release] : [release, { kind: 'settle', micro_usd: cost }]
}

/** What entries do to the budget's two figures. */
export function budgetChange(entries: readonly LedgerEntry[]): BudgetChange {
  const sum = (...kinds: LedgerKind[]) =>
    entries.filter((entry) => kinds.includes(entry.kind)).reduce((total, entry) => total + entry.micro_usd, 0)
  return { reserved: sum('reserve', 'release'), spent: sum('settle', 'adjust') }
}

/** A vendor billed more than the most that its model card allows. */
export const isOverrun = (reserved: number, cost: number): boolean => cost > reserved

/** The calendar month, in UTC, that a workspace's budget counts a submission in: "2026-11-01". */
export const monthOf = (at: Date): string => `${at.toISOString().slice(0, 7)}-01`
