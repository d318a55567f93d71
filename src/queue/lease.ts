/** The right to work on one row until the lease ends or is lost. Domain services take it to fence their writes. */
import type { WorkKind } from './run-queue.ts'

export interface Lease {
  readonly kind: WorkKind
  /** The row's id. */
  readonly id: string
  /** New at every claim; a write that does not name the row's current token writes nothing. */
  readonly token: string
  /** Fires, with a LeaseLost as its reason, when the row may belong to someone else. */
  readonly signal: AbortSignal
}

/** Another worker has the row, or its status is not the expected one: stop, and write nothing more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  constructor(kind: WorkKind, id: string) {
    super(`The lease on ${kind} ${id} is lost, or the row has moved on.`)
  }
}
