/** Deliveries as the worker sees them: what to send, and what an attempt's outcome does to the rows. */
import { type Db, transaction } from '#src/database/client.ts'
import { cancelWaiting, type DeliveryRow, findDeliveryTarget, insertAttemptLog, recordSuccess } from '#src/database/deliveries.ts'
import { type EndpointRow, noteFailure, updateEndpoint } from '#src/database/endpoints.ts'
import { type Lease, LeaseLost } from '#src/queue/lease.ts'
import { fenced, settled } from '#src/queue/work-items.ts'
import type { NewEvent } from '../events/service.ts'
import type { EventData } from '../events/types.ts'
import {
  afterAttempt,
  type AttemptResult,
  type DeliveryChange,
  type DeliveryStatus,
  type DisableReason,
  disabledReasons,
  disableReason,
  type Next,
} from './rules.ts'

export interface Attempt {
  readonly status: AttemptResult
  readonly startedAt: Date
  readonly milliseconds: number
  /** null when there was no answer */
  readonly httpStatus: number | null
  /** Why it failed; no addresses, no secrets. */
  readonly error?: string | undefined
  /** The beginning of the answer, redacted. */
  readonly excerpt: string | null
}

/** What is posted. */
export interface Posting {
  readonly url: string
  readonly id: string
  readonly body: string
  /** The newest first; two while a rotation overlaps. */
  readonly secrets: readonly string[]
}

interface DeliveriesDependencies {
  readonly db: Db
  readonly events: { emit(db: Db, event: NewEvent): Promise<void> }
  readonly decrypt: (bytes: Buffer) => string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function createDeliveries({ db, events, decrypt, now }: DeliveriesDependencies) {
  /** @throws when a secret cannot be decrypted: the settings are at fault, not the endpoint */
  async function prepare(row: DeliveryRow): Promise<Posting> {
    const target = await findDeliveryTarget(db, row.id)
    const { previous_secret_encrypted: previous, previous_secret_until: until } = target
    const overlaps = previous !== null && until !== null && until.getTime() > now()
    const secrets = [target.secret_encrypted, ...(overlaps ? [previous] : [])].map(decrypt)
    return { url: target.url, id: row.event_id, body: target.body, secrets }
  }

  async function disable(trx: Db, endpoint: EndpointRow, reason: DisableReason): Promise<void> {
    const at = new Date(now())
    const change = { status: 'disabled', disabled_reason: disabledReasons[reason], updated_at: at } as const
    await updateEndpoint(trx, endpoint.workspace_id, endpoint.id, change)
    const data: EventData<'endpoint.disabled'> = {
      endpoint_id: endpoint.id,
      url: endpoint.url,
      reason,
      failing_since: endpoint.failing_since?.toISOString() ?? null,
      cancelled_deliveries: await cancelWaiting(trx, endpoint.id),
    }
    await events.emit(trx, {
      workspaceId: endpoint.workspace_id,
      type: 'endpoint.disabled',
      subjectId: endpoint.id,
      dedupeKey: `endpoint.disabled:${endpoint.id}:${at.getTime()}`,
      data,
    })
  }

  /** The delivery itself is written already: it is among the waiting ones if it is to be tried again. */
  async function judgeEndpoint(trx: Db, endpointId: string, result: AttemptResult): Promise<void> {
    const at = new Date(now())
    const endpoint = await noteFailure(trx, endpointId, at)
    const isOff = endpoint.status === 'disabled' || endpoint.deleted_at !== null
    const reason = disableReason(result, endpoint.failing_since, at)
    if (isOff) await cancelWaiting(trx, endpointId)
    else if (reason) await disable(trx, endpoint, reason)
  }

  /**
   * Writes the outcome, its log entry and what follows for the endpoint, in one transaction.
   * @param next what the schedule says after one more failure
   * @returns the delivery's new status (a cancellation of the whole endpoint not counted)
   * @throws LeaseLost, and nothing is written
   */
  async function record(lease: Lease, row: DeliveryRow, attempt: Attempt, next: Next): Promise<DeliveryStatus> {
    const at = new Date(now())
    if (attempt.status !== 'delivered')
      return await recordFailure(lease, row, attempt, afterAttempt(row, attempt.status, next, at))
    if (!(await recordSuccess(db, lease, at, logOf(row, attempt)))) throw new LeaseLost(lease.kind, lease.id)
    return 'delivered'
  }

  async function recordFailure(lease: Lease, row: DeliveryRow, attempt: Attempt, change: DeliveryChange) {
    const outcome = {
      attempt_count: row.attempt_count + 1,
      last_status: attempt.httpStatus,
      last_error: attempt.error ?? null,
      updated_at: new Date(now()),
    }
    await transaction(db, async (trx) => {
      const written = { ...settled, ...change, ...outcome, resume_status: null, resume_at: null }
      await fenced(trx.updateTable('deliveries').set(written), lease, 'due')
      await insertAttemptLog(trx, logOf(row, attempt))
      await judgeEndpoint(trx, row.endpoint_id, attempt.status)
    })
    return change.status
  }

  /** For a delivery that ends its worker every time. The endpoint is not to blame. @throws LeaseLost */
  async function giveUp(lease: Lease, reason: string): Promise<void> {
    const change = { ...settled, status: 'exhausted', last_error: reason, resume_status: null, resume_at: null } as const
    await fenced(db.updateTable('deliveries').set({ ...change, updated_at: new Date(now()) }), lease, 'due')
  }

  return { prepare, record, giveUp }
}

const logOf = (row: DeliveryRow, attempt: Attempt) => ({
  delivery_id: row.id,
  attempt: row.attempt_count + 1,
  started_at: attempt.startedAt,
  milliseconds: attempt.milliseconds,
  status: attempt.httpStatus,
  error: attempt.error ?? null,
  response_excerpt: attempt.excerpt,
  manual: row.resume_status !== null,
})

export type Deliveries = ReturnType<typeof createDeliveries>
