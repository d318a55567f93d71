/** Submission: everything that is written before and after the one request. The request itself is the worker's (workers/generate.ts). */
import type { Attempt, SubmitOutcome } from '#src/contracts/clip-provider.ts'
import type { ClipSpec, ModelCard } from '#src/contracts/model-card.ts'
import { type AttemptRow, insertAttempt, noteAttempt } from '#src/database/attempts.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { type GenerationRow, payerCandidates, updateGeneration } from '#src/database/generations.ts'
import type { Lease } from '#src/queue/lease.ts'
import { holdLease, settled } from '#src/queue/work-items.ts'
import type { ShotSpec } from '../campaign/types.ts'
import { digestOf } from '../expansion/canonical.ts'
import { fitClip } from '../expansion/model-fit.ts'
import type { NewId } from '../ids.ts'
import type { Spend } from '../spend/service.ts'
import { failureCost, firstPollMs, maxRefusals, payersInLine, submitBackoffMs } from './rules.ts'
import type { CallbackAddress } from './service-callbacks.ts'
import type { Failure, Outcomes } from './service-outcomes.ts'

export interface SubmitDependencies {
  readonly db: Db
  readonly ids: NewId
  readonly now: () => number
  readonly card: (model: string) => ModelCard | undefined
  readonly refusal: (model: string, spec: ShotSpec) => Failure | undefined
  readonly outcomes: Outcomes
  readonly spend: Pick<Spend, 'reserve' | 'hold' | 'exhaust'>
  /** A link under which a provider can read a reference image. */
  readonly callbackAddress: CallbackAddress
  readonly referenceLink: (db: Db, workspaceId: string, sha256: string) => Promise<string>
}

export type Begun =
  | { readonly kind: 'send'; readonly attempt: AttemptRow }
  | { readonly kind: 'failed' | 'no_budget' | 'not_wanted' }

/** What an adapter gets: the attempt as it was written down. */
export const attemptForProvider = (row: AttemptRow): Attempt => ({
  id: row.id,
  model: row.model,
  clip: (row.request as unknown as { clip: ClipSpec }).clip,
  submittedAt: row.submitted_at,
  ...callbackOf(row.request),
})

const callbackOf = (request: AttemptRow['request']): Pick<Attempt, 'callbackUrl'> => {
  const { callback_url: callbackUrl } = request as { readonly callback_url?: string }
  return callbackUrl === undefined ? {} : { callbackUrl }
}

export function createSubmit(deps: SubmitDependencies) {
  const { db, ids, now, card, refusal, outcomes, spend } = deps

  async function clipOf(trx: Db, row: GenerationRow, model: ModelCard): Promise<ClipSpec> {
    const spec = row.spec as unknown as ShotSpec
    const fit = fitClip(spec, model)
    if (fit.status === 'impossible') throw new Error(`refusal() let ${row.model} through: ${fit.message}`)
    if (spec.reference_sha256 === null) return fit.clip
    const url = await deps.referenceLink(trx, row.workspace_id, spec.reference_sha256)
    return { ...fit.clip, reference: { sha256: spec.reference_sha256, url } }
  }

  async function firstWithRoom(
    trx: Db,
    row: GenerationRow,
    line: readonly string[],
    { attemptId, submittedAt, cost }: { attemptId: string; submittedAt: Date; cost: number },
  ): Promise<string | undefined> {
    for (const campaignId of line) {
      const purchase = {
        attemptId,
        generationId: row.id,
        campaignId,
        workspaceId: row.workspace_id,
        model: row.model,
        submittedAt,
      }
      if ((await spend.reserve(trx, purchase, cost)) === 'reserved') return campaignId
    }
    return undefined
  }

  /** The first campaign in line that has room pays. Where none has, they pause. */
  async function choosePayer(trx: Db, row: GenerationRow, attemptId: string, submittedAt: Date, cost: number) {
    const line = payersInLine(await payerCandidates(trx, row.id)).map(({ id }) => id)
    if (line.length === 0) return { kind: 'not_wanted' as const }
    const purchase = { attemptId, submittedAt, cost }
    let campaignId = await firstWithRoom(trx, row, line, purchase)
    if (campaignId === undefined) {
      await spend.hold(trx, row.workspace_id, line, submittedAt)
      campaignId = await firstWithRoom(trx, row, line, purchase)
    }
    if (campaignId !== undefined) return { kind: 'payer' as const, campaignId }
    await spend.exhaust(trx, line)
    return { kind: 'no_budget' as const }
  }

  async function writeAttempt(
    trx: Db,
    row: GenerationRow,
    facts: { id: string; campaignId: string; submittedAt: Date; clip: ClipSpec; cost: number },
  ) {
    const provider = row.model.slice(0, row.model.indexOf('/'))
    const request = { model: row.model, clip: { ...facts.clip } }
    const callback_url = deps.callbackAddress(facts.id, provider)
    const attempt = await insertAttempt(trx, {
      id: facts.id,
      workspace_id: row.workspace_id,
      generation_id: row.id,
      campaign_id: facts.campaignId,
      status: 'sending',
      provider,
      model: row.model,
      request: { ...request, ...(callback_url !== undefined && { callback_url }) },
      // Without the address, which no two attempts share: it tells equal requests, which a list may confuse.
      request_sha256: digestOf(request),
      reserved_micro_usd: facts.cost,
      submitted_at: facts.submittedAt,
    })
    const changes = { attempt_id: facts.id, payer_campaign_id: facts.campaignId, attempt_count: row.attempt_count + 1 }
    // The lease stays: the same worker goes on to send.
    await updateGeneration(trx, row.id, { status: 'submitting', ...changes })
    return attempt
  }

  /** Attempt, reservation and status in one transaction. Only after its commit may the request be sent. */
  async function begin(row: GenerationRow, lease: Lease): Promise<Begun> {
    return await transaction(db, async (trx) => {
      await holdLease(trx, lease, 'planned')
      const model = card(row.model)
      const error = refusal(row.model, row.spec as unknown as ShotSpec)
      if (!model || error) {
        await outcomes.fail(trx, row, error ?? { code: 'model_retired', message: `${row.model} is not configured.` }, false)
        return { kind: 'failed' }
      }
      const clip = await clipOf(trx, row, model)
      const [id, submittedAt, cost] = [ids('attempt'), new Date(now()), model.maxCostMicroUsd(clip)]
      const chosen = await choosePayer(trx, row, id, submittedAt, cost)
      if (chosen.kind !== 'payer') return chosen
      const attempt = await writeAttempt(trx, row, { id, campaignId: chosen.campaignId, submittedAt, clip, cost })
      return { kind: 'send', attempt }
    })
  }

  const current = (row: GenerationRow): GenerationRow => ({ ...row, status: 'submitting' })

  /** What the answer to a submission means; the table is in design "What an answer means". */
  async function record(started: GenerationRow, lease: Lease, attempt: AttemptRow, outcome: SubmitOutcome): Promise<void> {
    await transaction(db, async (trx) => {
      await holdLease(trx, lease, 'submitting')
      const row = {
        ...current(started),
        attempt_id: attempt.id,
        payer_campaign_id: attempt.campaign_id,
        attempt_count: started.attempt_count + 1,
      }
      if (outcome.kind === 'accepted') return await accept(trx, row, attempt, outcome)
      if (outcome.kind === 'not-sent') return await again(trx, row, attempt, outcome, 'not_sent')
      if (outcome.kind === 'refused') return await refuse(trx, row, attempt, outcome)
      await noteAttempt(trx, attempt.id, {
        error: { ...outcome.error },
        ...(outcome.evidence && { evidence: { ...outcome.evidence } }),
      })
      await updateGeneration(trx, row.id, { ...settled, due_at: outcomes.inMs(firstPollMs) })
    })
  }

  const accept = (
    trx: Db,
    row: GenerationRow,
    attempt: AttemptRow,
    job: Pick<SubmitJob, 'jobRef'> & { evidence?: SubmitJob['evidence'] },
  ) =>
    outcomes.accept(trx, row, attempt, {
      jobRef: job.jobRef,
      ...(job.evidence && { evidence: job.evidence }),
      pollAfterMs: card(row.model)?.draft ? 0 : firstPollMs,
    })

  async function refuse(trx: Db, row: GenerationRow, attempt: AttemptRow, outcome: Extract<SubmitOutcome, { kind: 'refused' }>) {
    if (outcome.error.retryable) return await again(trx, row, attempt, outcome, 'refused')
    const cost = costOf(row, attempt, outcome)
    const ended = await outcomes.endAttempt(trx, row, attempt, { status: 'refused', cost, ...told(outcome) })
    await outcomes.fail(trx, ended, failureOf(outcome.error), cost > 0)
  }

  /** Certainly no job: the reservation ends, and the generation waits for its turn again; not for ever. */
  async function again(
    trx: Db,
    row: GenerationRow,
    attempt: AttemptRow,
    outcome: Extract<SubmitOutcome, { kind: 'refused' | 'not-sent' }>,
    status: 'refused' | 'not_sent',
  ) {
    const cost = outcome.kind === 'refused' ? costOf(row, attempt, outcome) : 0
    const ended = await outcomes.endAttempt(trx, row, attempt, { status, cost, ...told(outcome) })
    if (row.attempt_count >= maxRefusals) return await outcomes.fail(trx, ended, failureOf(outcome.error), cost > 0)
    await outcomes.planAgain(
      trx,
      ended,
      outcome.error.retryAfterMs ?? submitBackoffMs(row.attempt_count),
      failureOf(outcome.error),
    )
  }

  const costOf = (
    row: GenerationRow,
    attempt: AttemptRow,
    { error, costMicroUsd }: Extract<SubmitOutcome, { kind: 'refused' }>,
  ) =>
    failureCost({
      ...(error.billed !== undefined && { billed: error.billed }),
      ...(costMicroUsd !== undefined && { costMicroUsd }),
      chargedOnRefusal: card(row.model)?.chargedOnRefusal ?? 'unknown',
      reservedMicroUsd: attempt.reserved_micro_usd,
    })

  return { begin, record }
}

type SubmitJob = Extract<SubmitOutcome, { kind: 'accepted' }>

const failureOf = ({ code, message }: Failure): Failure => ({ code, message })

const told = (outcome: { error: Failure; evidence?: SubmitJob['evidence'] }) => ({
  error: failureOf(outcome.error),
  ...(outcome.evidence && { evidence: outcome.evidence }),
})
