/** Runs one kind of work: wake-up → claim → handler → record. */
import { backoffMs } from './backoff.ts'
import { Retryable, Terminal } from '#src/errors.ts'
import { type Lease, LeaseLost } from '#src/queue/lease.ts'
import type { Consumer, RunQueue, WorkKind } from '#src/queue/run-queue.ts'
import type { Claim, Release, WorkItems, WorkRow } from '#src/queue/work-items.ts'

/**
 * What a kind of work does with a claimed row. Throw `Terminal` to give up on the row, `Retryable({ afterMs })` to have it
 * again later; anything else that is thrown counts as retryable. A row that is done is written as done by the handler
 * itself, in a write that names the lease (`fenced` or `holdLease` of queue/work-items.ts). A handler that returns has moved
 * the row to another status or its `due_at` on: what stays due is started again at once, until the start limit stops it.
 */
export interface WorkHandler<Row> {
  readonly kind: WorkKind
  /**
   * @param options.signal fires when the lease is lost or the process has to stop: end soon, the row is tried again elsewhere
   * @returns fields for the log event of this unit of work (ids, bytes, cost; no secrets, no personal values)
   */
  handle(row: Row, lease: Lease, options: { readonly signal: AbortSignal }): Promise<LogFields | void>
  /** A `handle` that returns has always ended the lease by its own write (`settled`), so nothing is left to release. */
  readonly settles?: true
  /** Claims what the same slot may go on with when `row` is done, so that a backlog does not wait for a wake-up a row. */
  next?(row: Row): Promise<Claim<Row> | undefined>
  /** Writes the row's failed state: the handler threw `Terminal`, or the row was started too often (`too_many_starts`). */
  giveUp(row: Row, error: Terminal, lease: Lease): Promise<void>
}

export type LogFields = Readonly<Record<string, string | number | boolean | null>>

export interface WorkLog {
  info(fields: Readonly<Record<string, unknown>>, event: string): void
  warn(fields: Readonly<Record<string, unknown>>, event: string): void
}

export interface WorkerOptions<K extends WorkKind> {
  readonly kind: K
  readonly runQueue: Pick<RunQueue, 'consume'>
  readonly workItems: Pick<WorkItems, 'claim' | 'release' | 'forget'>
  readonly handler: WorkHandler<WorkRow<K>>
  readonly concurrency: number
  readonly log: WorkLog
  /** 0 ≤ x < 1; spreads retries. */
  readonly random: () => number
  /** Starts of one row without progress before it is given up: crashes, lost leases and retries together. */
  readonly maxStarts?: number
  readonly monotonic?: () => number
}

type Outcome =
  | { readonly kind: 'done'; readonly fields: LogFields }
  | { readonly kind: 'given_up'; readonly error: Terminal }
  | { readonly kind: 'retry'; readonly error: unknown; readonly afterMs: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'lease_lost' }

/** More than the twenty kills that a healthy row may meet; fewer than would let a poisonous one kill workers all day. */
const defaultMaxStarts = 40
/** How long a slot goes on with the next row before it takes its turn among the wake-ups of others again. */
const longestRunMs = 5_000

export function runWorker<K extends WorkKind>(options: WorkerOptions<K>): Consumer {
  const { kind, runQueue, workItems, handler, concurrency, log, random } = options
  const { maxStarts = defaultMaxStarts, monotonic = () => performance.now() } = options

  async function onWakeUp(id: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    try {
      const until = monotonic() + longestRunMs
      let claim = await workItems.claim(kind, id)
      while (claim) {
        const isDone = await work(claim, signal)
        claim = isDone && !signal.aborted && monotonic() < until ? await handler.next?.(claim.row) : undefined
      }
    } catch (error) {
      // Mostly the database is away: the row wakes someone later, or its lease runs out.
      log.warn({ id, err: error }, `${kind}.unrecorded`)
    }
  }

  async function work(claim: Claim<WorkRow<K>>, stop: AbortSignal): Promise<boolean> {
    const startedAt = monotonic()
    const outcome = await perform(claim, stop)
    if (outcome.kind === 'done' && handler.settles) workItems.forget(claim.lease)
    else await workItems.release(claim.lease, releaseOf(outcome))
    report(claim.row, outcome, Math.round(monotonic() - startedAt))
    return outcome.kind === 'done'
  }

  async function perform({ row, lease }: Claim<WorkRow<K>>, stop: AbortSignal): Promise<Outcome> {
    const thrown = (error: unknown) => outcomeOf(error, row.starts, lease, stop)
    if (row.starts > maxStarts) return giveUp(row, tooManyStarts(row, maxStarts), lease).catch(thrown)
    try {
      const fields = await handler.handle(row, lease, { signal: AbortSignal.any([lease.signal, stop]) })
      return { kind: 'done', fields: fields ?? {} }
    } catch (error) {
      return error instanceof Terminal ? giveUp(row, error, lease).catch(thrown) : thrown(error)
    }
  }

  async function giveUp(row: WorkRow<K>, error: Terminal, lease: Lease): Promise<Outcome> {
    await handler.giveUp(row, error, lease)
    return { kind: 'given_up', error }
  }

  function outcomeOf(error: unknown, starts: number, lease: Lease, stop: AbortSignal): Outcome {
    if (error instanceof LeaseLost || lease.signal.aborted) return { kind: 'lease_lost' }
    if (stop.aborted) return { kind: 'stopped' }
    const afterMs = error instanceof Retryable ? error.afterMs : undefined
    return { kind: 'retry', error, afterMs: afterMs ?? backoffMs(starts, random()) }
  }

  function report(row: WorkRow<K>, outcome: Outcome, ms: number): void {
    const fields = { id: row.id, workspace_id: row.workspace_id, starts: row.starts, ms }
    if (outcome.kind === 'done') log.info({ ...fields, ...outcome.fields }, `${kind}.done`)
    else if (outcome.kind === 'given_up')
      log.warn({ ...fields, code: outcome.error.code, reason: outcome.error.message }, `${kind}.given_up`)
    else if (outcome.kind === 'retry') log.warn({ ...fields, after_ms: outcome.afterMs, err: outcome.error }, `${kind}.retry`)
    else log.warn(fields, `${kind}.${outcome.kind}`)
  }

  return runQueue.consume(kind, { concurrency }, onWakeUp)
}

function releaseOf(outcome: Outcome): Release {
  if (outcome.kind === 'stopped') return { afterMs: 0, uncounted: true }
  if (outcome.kind === 'given_up') return { error: outcome.error.message }
  return outcome.kind === 'retry' ? { afterMs: outcome.afterMs, error: messageOf(outcome.error) } : {}
}

const tooManyStarts = (row: { starts: number; last_error: string | null }, most: number): Terminal =>
  new Terminal(
    'too_many_starts',
    `Given up after ${most} starts without progress; ${row.last_error ? `the last error was: ${row.last_error}` : 'each one ended its worker'}.`,
  )

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 1_000)
