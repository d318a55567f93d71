/** The kinds of work, the tables whose rows are their work items, and which states may be claimed. */
import type { WorkKind } from './run-queue.ts'

export interface WorkSource {
  readonly table: 'plans' | 'generations' | 'renditions' | 'deliveries'
  /** States in which a row waits for a worker or is being worked on; all else is never claimed. */
  readonly claimable: readonly string[]
}

export const workSources = {
  plan: { table: 'plans', claimable: ['waiting'] },
  generate: { table: 'generations', claimable: ['planned', 'submitting', 'fetching'] },
  compose: { table: 'renditions', claimable: ['waiting', 'composing'] },
  deliver: { table: 'deliveries', claimable: ['due'] },
} as const satisfies Record<WorkKind, WorkSource>
