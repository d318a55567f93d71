/** What generations and attempts may do next, how long they wait, and which failures lead where. */
import type { Transitions } from '../transitions.ts'

export const generationStatuses = [
  'planned',
  'submitting',
  'running',
  'fetching',
  'ready',
  'failed',
  'cancelled',
  'uncertain',
  'abandoned',
  'removed',
] as const
export type GenerationStatus = (typeof generationStatuses)[number]

export const generationTransitions = {
  planned: ['submitting', 'failed', 'cancelled'],
  // Back to planned: certainly no job (refused for now, not sent, believed absent).
  submitting: ['running', 'planned', 'failed', 'uncertain'],
  // Back to planned: the job failed for a passing reason and was not billed.
  running: ['fetching', 'planned', 'failed', 'uncertain'],
  // Back to running: the link to the result expired, one more poll asks for a new one.
  fetching: ['ready', 'running', 'failed'],
  uncertain: ['running', 'planned', 'abandoned'],
  ready: ['removed'],
  failed: [],
  cancelled: [],
  abandoned: [],
  removed: [],
} as const satisfies Transitions<GenerationStatus>

/** At most one of a key at a time; the unique index generations_once names the same. */
export const liveStatuses = [
  'planned',
  'submitting',
  'running',
  'fetching',
  'uncertain',
  'ready',
] as const satisfies readonly GenerationStatus[]

export const attemptStatuses = [
  'sending',
  'accepted',
  'succeeded',
  'refused',
  'not_sent',
  'absent',
  'failed',
  'uncertain',
  'superseded',
  'abandoned',
] as const
export type AttemptStatus = (typeof attemptStatuses)[number]

/** Every state but `sending`, `accepted` and `uncertain` is an end; `superseded` keeps its reservation, for nobody knows. */
export const attemptTransitions = {
  sending: ['accepted', 'refused', 'not_sent', 'absent', 'uncertain'],
  accepted: ['succeeded', 'failed', 'uncertain'],
  uncertain: ['accepted', 'superseded', 'abandoned'],
  succeeded: [],
  refused: [],
  not_sent: [],
  absent: [],
  failed: [],
  superseded: [],
  abandoned: [],
} as const satisfies Transitions<AttemptStatus>

/** Attempts that a provider may have a job for without our knowing its reference. */
export const openAnswerStatuses = ['sending', 'uncertain', 'superseded'] as const satisfies readonly AttemptStatus[]

/** A vendor's list is believed to be complete this long after the submission… */
export const absentAfterSeconds = 120
/** …and only when it says so this often in a row. */
export const absentAnswers = 2
/** A recovery that finds out nothing is asked again until then; after that a person has to look. */
export const undeterminedAfterSeconds = 180
/** With `on_uncertain: resubmit`, how often a generation is bought again by itself. */
export const maxAutomaticResubmits = 1
/** Fetches of a result whose bytes turn out to be no usable clip. */
export const maxFetches = 3
/** Submissions of one generation that a model fails for a passing reason without billing. */
export const maxFailedJobs = 3
/** Submissions of one generation that a model refuses for now (429, out of reach): hours, at five minutes each. */
export const maxRefusals = 100
/** One request to submit, everything included: shorter than `absentAfterSeconds`, so that none is on its way when absence is believed. */
export const submitTimeoutSeconds = 60
/** A process that was stopped for longer than this between writing an attempt down and sending it does not send it. */
export const staleSubmitMs = 4000

/** Doubles from 5 s to 5 min. @param count how often it was tried before, from 1 */
export const submitBackoffMs = (count: number): number => Math.min(5000 * 2 ** Math.max(0, Math.min(count, 10) - 1), 300_000)
/** @param count failed fetches so far, from 1 */
export const fetchBackoffMs = (count: number): number => Math.min(2000 * 4 ** Math.max(0, count - 1), 60_000)
export const recoverEveryMs = 10_000
export const pollEveryMs = 10_000
/** The first poll of a rehearsal comes at once, a vendor's model needs at least this. */
export const firstPollMs = 3000

interface RefusalFacts {
  readonly billed?: boolean
  readonly costMicroUsd?: number
  readonly chargedOnRefusal: 'yes' | 'no' | 'unknown'
  readonly reservedMicroUsd: number
}

/** Failures are paid for when the answer says so, or else when the model card does; the price is the answer's or the card's. */
export function failureCost({ billed, costMicroUsd, chargedOnRefusal, reservedMicroUsd }: RefusalFacts): number {
  if (costMicroUsd !== undefined) return costMicroUsd
  return (billed ?? chargedOnRefusal === 'yes') ? reservedMicroUsd : 0
}

export interface RecoveryFacts {
  readonly outcome: 'absent' | 'undetermined'
  readonly secondsSinceSubmit: number
  /** Answers "absent" in a row before this one. */
  readonly absentBefore: number
  /** The model has no way to find a lost answer. */
  readonly hopeless: boolean
}

export type RecoveryStep =
  | { readonly kind: 'ask-again'; readonly afterMs: number; readonly absent: number }
  | { readonly kind: 'believe-absent' }
  | { readonly kind: 'uncertain' }

/** What an answer of `recover()` that found nothing means. */
export function recoveryStep({ outcome, secondsSinceSubmit, absentBefore, hopeless }: RecoveryFacts): RecoveryStep {
  if (outcome === 'undetermined') {
    if (hopeless || secondsSinceSubmit >= undeterminedAfterSeconds) return { kind: 'uncertain' }
    return { kind: 'ask-again', afterMs: recoverEveryMs, absent: 0 }
  }
  if (secondsSinceSubmit < absentAfterSeconds) {
    return { kind: 'ask-again', afterMs: Math.max(1000, (absentAfterSeconds - secondsSinceSubmit) * 1000), absent: 0 }
  }
  if (absentBefore + 1 >= absentAnswers) return { kind: 'believe-absent' }
  return { kind: 'ask-again', afterMs: recoverEveryMs, absent: absentBefore + 1 }
}

/** YYYY-MM-DD: no submission on or after it. */
export const isPastSunset = (sunsetAt: string | undefined, now: Date): boolean =>
  sunsetAt !== undefined && now.toISOString().slice(0, 10) >= sunsetAt

export interface PayerCandidate {
  readonly id: string
  readonly priority: number
  readonly created_at: Date
}

/** Who pays for a shared clip: the first in line, by priority, then age. */
export const payersInLine = <C extends PayerCandidate>(candidates: readonly C[]): C[] =>
  candidates.toSorted(
    (a, b) => a.priority - b.priority || a.created_at.getTime() - b.created_at.getTime() || (a.id < b.id ? -1 : 1),
  )
