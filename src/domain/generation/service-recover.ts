/** A submission whose answer is missing: what looking for it at the provider has found. */
import type { Attempt, RecoverOutcome } from '#src/contracts/clip-provider.ts'
import type { ModelCard } from '#src/contracts/model-card.ts'
import { type AttemptRow, findAttempt, countTwins, noteAttempt, otherJobRefs } from '#src/database/attempts.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { type GenerationRow, updateGeneration } from '#src/database/generations.ts'
import type { Lease } from '#src/queue/lease.ts'
import { holdLease, settled } from '#src/queue/work-items.ts'
import { firstPollMs, openAnswerStatuses, recoveryStep, undeterminedAfterSeconds } from './rules.ts'
import type { Outcomes } from './service-outcomes.ts'
import { attemptForProvider } from './service-submit.ts'

export interface RecoverDependencies {
  readonly db: Db
  readonly now: () => number
  readonly card: (model: string) => ModelCard | undefined
  readonly outcomes: Outcomes
}

export function createRecover({ db, now, card, outcomes }: RecoverDependencies) {
  /** The attempt whose answer is missing, with the jobs that it must not take for its own. */
  async function openAttempt(row: GenerationRow): Promise<{ attempt: AttemptRow; forProvider: Attempt }> {
    const attempt = await findAttempt(db, row.attempt_id!)
    const since = new Date(attempt.submitted_at.getTime() - undeterminedAfterSeconds * 1000)
    const otherRefs = await otherJobRefs(db, attempt, since)
    const equalOpenAttempts = await countTwins(db, attempt, openAnswerStatuses)
    return { attempt, forProvider: { ...attemptForProvider(attempt), otherJobRefs: otherRefs, equalOpenAttempts } }
  }

  async function record(row: GenerationRow, lease: Lease, attempt: AttemptRow, outcome: RecoverOutcome): Promise<void> {
    await transaction(db, async (trx) => {
      await holdLease(trx, lease, 'submitting')
      if (outcome.kind === 'found') {
        return await outcomes.accept(trx, row, attempt, {
          jobRef: outcome.jobRef,
          pollAfterMs: card(row.model)?.draft ? 0 : firstPollMs,
        })
      }
      await notFound(trx, row, attempt, outcome)
    })
  }

  async function notFound(trx: Db, row: GenerationRow, attempt: AttemptRow, outcome: Exclude<RecoverOutcome, { kind: 'found' }>) {
    const step = recoveryStep({
      outcome: outcome.kind,
      secondsSinceSubmit: (now() - attempt.submitted_at.getTime()) / 1000,
      absentBefore: attempt.recover_count,
      // A callback may still name the job.
      hopeless: (card(row.model)?.recovery.kind ?? 'none') === 'none',
    })
    if (step.kind === 'uncertain') {
      const reason = outcome.kind === 'undetermined' ? outcome.reason : 'The provider cannot say whether it has the job.'
      return await outcomes.doubt(trx, row, attempt, reason)
    }
    if (step.kind === 'believe-absent') {
      const ended = await outcomes.endAttempt(trx, row, attempt, { status: 'absent', cost: 0 })
      return await outcomes.planAgain(trx, ended, 0)
    }
    await noteAttempt(trx, attempt.id, { recover_count: step.absent })
    await updateGeneration(trx, row.id, { ...settled, due_at: outcomes.inMs(step.afterMs) })
  }

  return { openAttempt, record }
}
