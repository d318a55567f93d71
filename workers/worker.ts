/** Runs one kind of work: wake-up → claim → handler → record. */
import type { Terminal } from '#src/errors.ts'
import type { Lease } from '#src/queue/lease.ts'
import type { WorkKind } from '#src/queue/run-queue.ts'

/**
 * What a kind of work does with a claimed row. Throw `Terminal` to give up on the row, `Retryable({ afterMs })` to have it
 * again later; anything else that is thrown counts as retryable. A row that is done is written as done by the handler
 * itself, in a write that names the lease (`fenced` or `holdLease` of queue/work-items.ts).
 */
export interface WorkHandler<Row> {
  readonly kind: WorkKind
  /**
   * @param options.signal fires when the lease is lost or the process has to stop: end soon, the row is tried again elsewhere
   * @returns fields for the log event of this unit of work (ids, bytes, cost; no secrets, no personal values)
   */
  handle(row: Row, lease: Lease, options: { readonly signal: AbortSignal }): Promise<LogFields | void>
  /** Writes the row's failed state: the handler threw `Terminal`, or the row was started too often. */
  giveUp(row: Row, error: Terminal, lease: Lease): Promise<void>
}

export type LogFields = Readonly<Record<string, string | number | boolean | null>>
