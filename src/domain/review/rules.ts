/** What a reviewer may decide, and when a decision is about what is there now. */
import { createHash } from 'node:crypto'

export const rejectReasons = ['brand', 'text', 'visual', 'policy', 'wrong_segment', 'other'] as const
export type RejectReason = (typeof rejectReasons)[number]

export const decisions = ['approved', 'rejected'] as const
export type Decision = (typeof decisions)[number]

export interface Seen {
  readonly revision: number
  /** In any order. */
  readonly files_sha256: readonly string[]
}

const normal = (hashes: readonly string[]): string => [...new Set(hashes)].sort().join(',')

/** Whether a reviewer decided about exactly these files. Equal files of two formats have one hash. */
export const sawAll = (seen: Seen, now: Seen): boolean =>
  seen.revision === now.revision && normal(seen.files_sha256) === normal(now.files_sha256)

/** Names a set of variants with their files: a bulk decision is about exactly what its preview counted. */
export function digestOfReviewables(rows: readonly (Seen & { readonly id: string })[]): string {
  const hash = createHash('sha256')
  for (const row of rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    hash.update(`${row.id} ${row.revision} ${normal(row.files_sha256)}\n`)
  }
  return `sha256:${hash.digest('hex')}`
}

/** Variants of one bulk decision: each writes a decision, an event and its deliveries in one transaction. */
export const bulkLimit = 10_000
