/** From a running job to a clip in the store: what polls and fetches mean. The calls themselves are the workers'. */
import type { Output, PollOutcome } from '#src/contracts/clip-provider.ts'
import type { Json } from '#src/contracts/json.ts'
import type { ModelCard } from '#src/contracts/model-card.ts'
import { type AttemptRow, attemptsOf, findAttempt } from '#src/database/attempts.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { type GenerationRow, updateGeneration, wakeRunning } from '#src/database/generations.ts'
import type { Lease } from '#src/queue/lease.ts'
import { nudge } from '#src/queue/top-up.ts'
import { fenced, holdLease, settled } from '#src/queue/work-items.ts'
import { sql } from 'kysely'
import type { Terminal } from '#src/errors.ts'
import { failureCost, fetchBackoffMs, maxFailedJobs, maxFetches, pollEveryMs, submitBackoffMs } from './rules.ts'
import type { Outcomes } from './service-outcomes.ts'

/** A clip in the store, probed. */
export interface FetchedClip {
  readonly objectKey: string
  readonly mediaType: string
  readonly bytes: number
  /** hex */
  readonly sha256: string
  readonly seconds: number
  readonly width: number
  readonly height: number
  readonly hasAudio: boolean
}

interface FilesPort {
  record(
    scope: { readonly db: Db; readonly workspaceId: string },
    file: {
      readonly objectKey: string
      readonly kind: 'clip'
      readonly mediaType: string
      readonly fileName: string
      readonly bytes: number
      readonly sha256: string
    },
  ): Promise<{ readonly id: string }>
}

export interface ResultDependencies {
  readonly db: Db
  readonly now: () => number
  readonly card: (model: string) => ModelCard | undefined
  readonly outcomes: Outcomes
  readonly files: FilesPort
  /** Makes renditions due whose clips are all there; the sweep does the rest of a large campaign. */
  readonly releaseRenditions: (db: Db, generationId: string) => Promise<void>
}

type Pending = Extract<PollOutcome, { kind: 'running' | 'transient' }>
/** The commit does not wait for the disk. What a crash of the database undoes here is only one more poll. */
const unflushed = sql<boolean>`set_config('synchronous_commit', 'off', true) = 'off'`
const isPending = (outcome: PollOutcome): outcome is Pending => outcome.kind === 'running' || outcome.kind === 'transient'

export function createResults({ db, now, card, outcomes, files, releaseRenditions }: ResultDependencies) {
  const attemptOf = (row: GenerationRow): Promise<AttemptRow> => findAttempt(db, row.attempt_id!)

  /** A vendor that has forgotten a job answers 404 for ever, or answers for someone else's. */
  function isForgotten(row: GenerationRow, attempt: AttemptRow): boolean {
    const ttl = card(row.model)?.jobTtlSeconds
    return ttl !== undefined && now() - (attempt.accepted_at ?? attempt.submitted_at).getTime() > ttl * 1000
  }

  /** What the answer to a poll means. */
  async function recordPoll(row: GenerationRow, lease: Lease, attempt: AttemptRow, outcome: PollOutcome): Promise<void> {
    if (isPending(outcome) && !isForgotten(row, attempt)) return await goOn(row, lease, outcome)
    await transaction(db, async (trx) => {
      await holdLease(trx, lease, 'running')
      if (outcome.kind === 'succeeded') return await succeed(trx, row, attempt, outcome)
      if (isPaid(attempt) && endsJob(row, attempt, outcome)) return await lostAfterPayment(trx, row)
      if (outcome.kind === 'failed') return await jobFailed(trx, row, attempt, outcome)
      await outcomes.doubt(trx, row, attempt, 'The provider no longer knows the job.')
    })
  }

  /** Nothing but the time of the next poll: one statement, for there are thousands of these. */
  async function goOn(row: GenerationRow, lease: Lease, outcome: Pending): Promise<void> {
    const changes =
      outcome.kind === 'transient'
        ? { last_error: `${outcome.error.code}: ${outcome.error.message}` }
        : { progress: outcome.progress ?? row.progress }
    const due_at = outcomes.inMs(outcome.retryAfterMs ?? pollEveryMs)
    const updated_at = sql<Date>`clock_timestamp()`
    const update = db.updateTable('generations').set({ ...settled, ...changes, due_at, updated_at })
    await fenced(update.where(unflushed), lease, 'running')
  }

  /** Asked once more for a link, and there is none: the clip was paid for, so nothing may be bought or reserved again for it. */
  const lostAfterPayment = (trx: Db, row: GenerationRow) =>
    outcomes.fail(
      trx,
      row,
      { code: 'result_expired', message: 'The provider no longer gives out the clip it was paid for.' },
      true,
    )

  const endsJob = (row: GenerationRow, attempt: AttemptRow, { kind }: PollOutcome): boolean =>
    kind === 'failed' || kind === 'forgotten' || isForgotten(row, attempt)

  /** The vendor has billed: the money is settled before the bytes are here. A second poll for a new link settles nothing. */
  async function succeed(trx: Db, row: GenerationRow, attempt: AttemptRow, outcome: Extract<PollOutcome, { kind: 'succeeded' }>) {
    const cost = outcome.costMicroUsd ?? attempt.reserved_micro_usd
    const paid = await outcomes.endAttempt(trx, row, attempt, { status: 'succeeded', cost })
    const outputs = outcome.outputs.map((output): Json => ({ ...output }))
    await outcomes.move(trx, paid, 'fetching', { outputs, progress: 1, due_at: outcomes.inMs(0) })
    await nudge(trx, 'generate')
  }

  async function jobFailed(trx: Db, row: GenerationRow, attempt: AttemptRow, outcome: Extract<PollOutcome, { kind: 'failed' }>) {
    const { code, message, retryable, billed } = outcome.error
    const cost = failureCost({
      ...(billed !== undefined && { billed }),
      ...(outcome.costMicroUsd !== undefined && { costMicroUsd: outcome.costMicroUsd }),
      chargedOnRefusal: card(row.model)?.chargedOnRefusal ?? 'unknown',
      reservedMicroUsd: attempt.reserved_micro_usd,
    })
    const ended = await outcomes.endAttempt(trx, row, attempt, { status: 'failed', cost, error: { code, message } })
    if (retryable && cost === 0 && (await failedJobs(trx, row)) < maxFailedJobs) {
      return await outcomes.planAgain(trx, ended, submitBackoffMs(row.attempt_count), { code, message })
    }
    await outcomes.fail(trx, ended, { code, message }, cost > 0)
  }

  const isPaid = ({ status }: AttemptRow): boolean => status === 'succeeded'

  const failedJobs = async (trx: Db, row: GenerationRow): Promise<number> =>
    (await attemptsOf(trx, [row.id])).filter(({ status }) => status === 'failed').length

  /** The clip is in the store: file row, status, event and the renditions that waited for it, in one transaction. */
  async function recordClip(row: GenerationRow, lease: Lease, clip: FetchedClip): Promise<void> {
    await transaction(db, async (trx) => {
      await holdLease(trx, lease, 'fetching')
      const { objectKey, mediaType, bytes, sha256, seconds, width, height, hasAudio } = clip
      const fileName = `${row.id}.mp4`
      const scope = { db: trx, workspaceId: row.workspace_id }
      const file = await files.record(scope, { objectKey, kind: 'clip', mediaType, fileName, bytes, sha256 })
      await outcomes.move(trx, row, 'ready', {
        clip_file_id: file.id,
        clip: { sha256, bytes, seconds, width, height, has_audio: hasAudio },
        ready_at: new Date(now()),
        error: null,
      })
      await outcomes.emit(trx, row, 'generation.ready', {})
      await releaseRenditions(trx, row.id)
    })
  }

  /** Bytes that are no usable clip: fetched three times, then failed; the vendor has billed. */
  async function recordBadClip(row: GenerationRow, lease: Lease, message: string): Promise<void> {
    await transaction(db, async (trx) => {
      await holdLease(trx, lease, 'fetching')
      const fetches = row.fetch_count + 1
      if (fetches >= maxFetches) return await outcomes.fail(trx, row, { code: 'bad_clip', message }, true)
      const next = { fetch_count: fetches, due_at: outcomes.inMs(fetchBackoffMs(fetches)), last_error: `bad_clip: ${message}` }
      await updateGeneration(trx, row.id, { ...settled, ...next })
    })
  }

  /** The link to the result has expired: one poll for a new one, then failed; the vendor has billed. */
  async function recordExpired(row: GenerationRow, lease: Lease): Promise<void> {
    await transaction(db, async (trx) => {
      await holdLease(trx, lease, 'fetching')
      if (!row.repolled) return await outcomes.move(trx, row, 'running', { repolled: true, due_at: outcomes.inMs(0) })
      const message = 'The link to the result expired twice before the clip could be fetched.'
      await outcomes.fail(trx, row, { code: 'result_expired', message }, true)
    })
  }

  /** A row that was started too often, or whose work cannot go on. Never `failed` while nobody knows whether there is a job. */
  async function giveUp(row: GenerationRow, lease: Lease, error: Terminal): Promise<void> {
    const failure = { code: error.code, message: error.message }
    await transaction(db, async (trx) => {
      await holdLease(trx, lease, ['planned', 'submitting', 'fetching'])
      const current = await trx.selectFrom('generations').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow()
      if (current.status !== 'submitting') return await outcomes.fail(trx, current, failure, current.status === 'fetching')
      await outcomes.doubt(trx, current, await findAttempt(trx, current.attempt_id!), error.message)
    })
  }

  return {
    attemptOf,
    recordPoll,
    recordClip,
    recordBadClip,
    recordExpired,
    giveUp,
    outputOf: (row: GenerationRow): Output | undefined => (row.outputs as readonly Output[] | null)?.[0],
    /** A provider called back: nothing is believed, the next poll just comes now. */
    wake: (connection: Db, attemptId: string): Promise<number> => wakeRunning(connection, attemptId),
  }
}
