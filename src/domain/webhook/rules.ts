/** What an attempt does to a delivery and to its endpoint. Pure. */

export type DeliveryStatus = 'due' | 'delivered' | 'exhausted' | 'cancelled'

/** State → the states that may follow. A manual retry or a recovery makes a failed delivery due again. */
export const deliveryTransitions = {
  due: ['due', 'delivered', 'exhausted', 'cancelled'],
  delivered: [],
  exhausted: ['due'],
  cancelled: ['due'],
} as const satisfies Record<DeliveryStatus, readonly DeliveryStatus[]>

/** An endpoint with nothing but failures for this long is disabled. */
export const FAILING_FOR_MS = 5 * 24 * 3_600_000
export const LONGEST_OVERLAP_HOURS = 168

export type DisableReason = 'gone' | 'failing'
export const disabledReasons = {
  gone: 'The endpoint answered 410 Gone.',
  failing: 'The endpoint answered nothing but failures for 5 days.',
} as const satisfies Record<DisableReason, string>

/** What the columns of a delivery say about its schedule. */
export interface ScheduleState {
  /** Failed attempts of the schedule so far. */
  readonly schedule_step: number
  /** Set: this attempt was asked for by hand; the state to go back to when it fails. */
  readonly resume_status: 'due' | 'exhausted' | 'cancelled' | null
  readonly resume_at: Date | null
}

export type AttemptResult = 'delivered' | 'gone' | 'failed'
export type Next = { readonly status: 'again'; readonly delayMs: number } | { readonly status: 'exhausted' }

export interface DeliveryChange {
  readonly status: DeliveryStatus
  readonly schedule_step: number
  readonly due_at: Date
}

/** @param next what the schedule says after one more failure */
export function afterAttempt(state: ScheduleState, result: AttemptResult, next: Next, now: Date): DeliveryChange {
  const { schedule_step, resume_status, resume_at } = state
  if (result === 'delivered') return { status: 'delivered', schedule_step, due_at: now }
  if (result === 'gone') return { status: 'cancelled', schedule_step, due_at: now }
  if (resume_status !== null) return { status: resume_status, schedule_step, due_at: resume_at ?? now }
  if (next.status === 'exhausted') return { status: 'exhausted', schedule_step: schedule_step + 1, due_at: now }
  return { status: 'due', schedule_step: schedule_step + 1, due_at: new Date(now.getTime() + next.delayMs) }
}

/** @param failingSince when the failures began that no success has interrupted */
export function disableReason(result: AttemptResult, failingSince: Date | null, now: Date): DisableReason | undefined {
  if (result === 'gone') return 'gone'
  if (result === 'delivered' || failingSince === null) return undefined
  return now.getTime() - failingSince.getTime() >= FAILING_FOR_MS ? 'failing' : undefined
}
