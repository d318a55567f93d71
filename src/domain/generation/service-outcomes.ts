/**
 * Every change of state that an answer of a provider can lead to. The caller holds the generation's lease (or a lock on
 * it) in the transaction that it passes; attempts only move from the states of attemptTransitions, so money is settled once.
 */
import type { Json } from '#src/contracts/json.ts'
import type { WireEvidence } from '#src/contracts/clip-provider.ts'
import { type AttemptRow, attemptsOf, moveAttempt } from '#src/database/attempts.ts'
import type { Db } from '#src/database/client.ts'
import { type GenerationRow, updateGeneration } from '#src/database/generations.ts'
import { settled } from '#src/queue/work-items.ts'
import { nudge } from '#src/queue/top-up.ts'
import { sql } from 'kysely'
import type { Purchase, Spend } from '../spend/service.ts'
import { assertTransition, sourcesOf } from '../transitions.ts'
import {
  type AttemptStatus,
  attemptTransitions,
  type GenerationStatus,
  generationTransitions,
  maxAutomaticResubmits,
} from './rules.ts'
import type { Attach } from './service-attach.ts'

export interface Failure {
  readonly code: string
  readonly message: string
}

interface EventsPort {
  emit(
    db: Db,
    event: {
      workspaceId: string
      type: 'generation.ready' | 'generation.failed' | 'generation.uncertain'
      campaignId: string | null
      subjectId: string
      dedupeKey: string
      data: Readonly<Record<string, Json | undefined>>
    },
  ): Promise<void>
}

export interface OutcomeDependencies {
  readonly spend: Pick<Spend, 'settle' | 'release'>
  readonly events: EventsPort
  readonly attach: Attach
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const inMs = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`

export const purchaseOf = (attempt: AttemptRow): Purchase => ({
  attemptId: attempt.id,
  generationId: attempt.generation_id,
  campaignId: attempt.campaign_id,
  workspaceId: attempt.workspace_id,
  model: attempt.model,
  submittedAt: attempt.submitted_at,
})

export function createOutcomes({ spend, events, attach, now }: OutcomeDependencies) {
  const at = () => new Date(now())

  async function emit(
    db: Db,
    row: GenerationRow,
    type: Parameters<EventsPort['emit']>[1]['type'],
    more: Readonly<Record<string, Json>>,
    key = row.id,
  ) {
    const campaignId = row.payer_campaign_id
    const data = { generation_id: row.id, campaign_id: campaignId, model: row.model, cost_micro_usd: row.cost_micro_usd, ...more }
    await events.emit(db, {
      workspaceId: row.workspace_id,
      type,
      campaignId,
      subjectId: row.id,
      dedupeKey: `${type}:${key}`,
      data,
    })
  }

  /** @throws when the table does not allow it: a defect, never an answer */
  async function move(db: Db, row: GenerationRow, to: GenerationStatus, changes: Parameters<typeof updateGeneration>[2] = {}) {
    assertTransition('generation', generationTransitions, row.status as GenerationStatus, to)
    await updateGeneration(db, row.id, { ...settled, ...changes, status: to })
  }

  const moveAttemptTo = (db: Db, id: string, to: AttemptStatus, changes: Parameters<typeof moveAttempt>[3] = {}) =>
    moveAttempt(db, id, sourcesOf(attemptTransitions, to), { ...changes, status: to })

  /** Ends an attempt and its reservation. @returns the generation with the cost added */
  async function endAttempt(
    db: Db,
    row: GenerationRow,
    attempt: AttemptRow,
    end: { readonly status: AttemptStatus; readonly cost: number; readonly error?: Failure; readonly evidence?: WireEvidence },
  ): Promise<GenerationRow> {
    const { status, cost, error, evidence } = end
    const moved = await moveAttemptTo(db, attempt.id, status, {
      cost_micro_usd: cost,
      finished_at: at(),
      ...(error && { error: { ...error } }),
      ...(evidence && { evidence: { ...evidence } }),
    })
    if (!moved) return row
    await spend.settle(db, purchaseOf(attempt), attempt.reserved_micro_usd, cost)
    const total = row.cost_micro_usd + cost
    await updateGeneration(db, row.id, { cost_micro_usd: total })
    return { ...row, cost_micro_usd: total }
  }

  /** The provider has the job. */
  async function accept(
    db: Db,
    row: GenerationRow,
    attempt: AttemptRow,
    job: { readonly jobRef: Json; readonly evidence?: WireEvidence; readonly pollAfterMs: number },
  ): Promise<void> {
    const evidence = job.evidence && { evidence: { ...job.evidence } }
    await moveAttemptTo(db, attempt.id, 'accepted', { job_ref: job.jobRef, accepted_at: at(), ...evidence })
    await move(db, row, 'running', { job_ref: job.jobRef, progress: null, due_at: inMs(job.pollAfterMs) })
  }

  /** Certainly no job and no clip for now: it waits for its turn again. */
  const planAgain = (db: Db, row: GenerationRow, afterMs: number, error?: Failure) =>
    move(db, row, 'planned', {
      due_at: inMs(afterMs),
      attempt_id: null,
      payer_campaign_id: null,
      last_error: error ? `${error.code}: ${error.message}` : null,
    })

  /** The end of this model's chance: its shots go to the next model, or are stranded. */
  async function fail(db: Db, row: GenerationRow, error: Failure, billed: boolean): Promise<void> {
    await move(db, row, 'failed', { error: { ...error, billed } })
    await emit(db, row, 'generation.failed', { error: { code: error.code, message: error.message } })
    await attach.moveOn(db, row, error)
  }

  /** Nobody knows whether there is a job. The reservation stays until a person, or the campaign's policy, decides. */
  async function doubt(db: Db, row: GenerationRow, attempt: AttemptRow, reason: string): Promise<void> {
    const error = { code: 'uncertain', message: reason }
    await moveAttemptTo(db, attempt.id, 'uncertain', { error })
    await move(db, row, 'uncertain', { error: { ...error, billed: false } })
    const facts = { attempt_id: attempt.id, reserved_micro_usd: attempt.reserved_micro_usd }
    await emit(db, row, 'generation.uncertain', facts, attempt.id)
    if (await resubmitsByItself(db, row)) await resubmit(db, { ...row, status: 'uncertain' }, attempt)
  }

  async function resubmitsByItself(db: Db, row: GenerationRow): Promise<boolean> {
    if (row.payer_campaign_id === null) return false
    const payer = await db
      .selectFrom('campaigns')
      .select(sql<string>`settings ->> 'on_uncertain'`.as('policy'))
      .where('id', '=', row.payer_campaign_id)
      .executeTakeFirst()
    if (payer?.policy !== 'resubmit') return false
    const before = (await attemptsOf(db, [row.id])).filter((attempt) => attempt.status === 'superseded')
    return before.length < maxAutomaticResubmits
  }

  /** Buys it again. The old reservation stays: the first submission may have been billed. */
  async function resubmit(db: Db, row: GenerationRow, attempt: AttemptRow): Promise<void> {
    await moveAttemptTo(db, attempt.id, 'superseded', { finished_at: at() })
    await move(db, row, 'planned', { due_at: inMs(0), attempt_id: null, payer_campaign_id: null, error: null })
    await nudge(db, 'generate')
  }

  /** Given up by a person: the reservation is released, and the shots go to the next model. */
  async function abandon(db: Db, row: GenerationRow, attempt: AttemptRow): Promise<void> {
    const error = { code: 'abandoned', message: 'The answer of the provider was lost, and the clip was given up.' }
    await endAttempt(db, row, attempt, { status: 'abandoned', cost: 0 })
    await move(db, row, 'abandoned', { error: { ...error, billed: false } })
    await emit(db, row, 'generation.failed', { error })
    await attach.moveOn(db, row, error)
  }

  return { emit, move, endAttempt, accept, planAgain, fail, doubt, resubmit, abandon, inMs }
}

export type Outcomes = ReturnType<typeof createOutcomes>
