/**
 * Generations: the purchase of one shot from one model, shared by every campaign of the workspace that wants the same.
 * The workers drive it (workers/generate.ts, workers/poll.ts); people resolve what nobody can know.
 */
import type { Json } from '#src/contracts/json.ts'
import type { ModelCard } from '#src/contracts/model-card.ts'
import { findAttempt, noteAttempt } from '#src/database/attempts.ts'
import { type Db, transaction } from '#src/database/client.ts'
import {
  findGeneration,
  type GenerationFilter,
  type GenerationRow,
  listGenerations,
  lockGeneration,
} from '#src/database/generations.ts'
import { recordAudit } from '#src/database/workspaces.ts'
import { invalid, notFound, ServiceError } from '#src/errors.ts'
import type { ShotSpec } from '../campaign/types.ts'
import { fitClip } from '../expansion/model-fit.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import type { Spend } from '../spend/service.ts'
import { isPastSunset } from './rules.ts'
import { createAttach } from './service-attach.ts'
import { type CallbackDependencies, createCallbackAddress, createCallbacks } from './service-callbacks.ts'
import { createOutcomes, type Failure, type OutcomeDependencies } from './service-outcomes.ts'
import { type GenerationResource, type Link, presentGenerations } from './service-present.ts'
import { createRecover } from './service-recover.ts'
import { createResults, type ResultDependencies } from './service-results.ts'
import { createSubmit, type SubmitDependencies } from './service-submit.ts'

export interface GenerationDependencies extends Pick<ResultDependencies, 'files' | 'releaseRenditions'> {
  readonly db: Db
  readonly ids: NewId
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly registry: { card(model: string): ModelCard | undefined } & CallbackDependencies['registry']
  readonly spend: Spend
  readonly events: OutcomeDependencies['events']
  readonly link: Link
  readonly referenceLink: SubmitDependencies['referenceLink']
  readonly signCallback: CallbackDependencies['sign']
  readonly callbackOrigin: CallbackDependencies['callbackOrigin']
}

export interface ResolveInput {
  readonly action: 'attach' | 'resubmit' | 'abandon'
  /** With attach: the provider's job, as a person found it. */
  readonly job_ref?: Json | undefined
}

export function createGenerations(deps: GenerationDependencies) {
  const { ids, now, registry, spend, events, link } = deps
  const card = (model: string) => registry.card(model)
  const attach = createAttach({ ids, refusal })
  const outcomes = createOutcomes({ spend, events, attach, now })
  const callbackPorts = { sign: deps.signCallback, callbackOrigin: deps.callbackOrigin }
  const callbackAddress = createCallbackAddress(callbackPorts)
  const submit = createSubmit({ ...deps, card, refusal, outcomes, callbackAddress })
  const recover = createRecover({ ...deps, card, outcomes })
  const results = createResults({ ...deps, card, outcomes })

  /** Why a model cannot be asked for a shot (any more). */
  function refusal(model: string, spec: ShotSpec): Failure | undefined {
    const known = card(model)
    if (!known) return { code: 'model_retired', message: `The model "${model}" is not configured.` }
    if (isPastSunset(known.sunsetAt, new Date(now()))) {
      return { code: 'model_retired', message: `The model "${model}" ended on ${known.sunsetAt}.` }
    }
    const fit = fitClip(spec, known)
    return fit.status === 'impossible' ? { code: fit.code, message: fit.message } : undefined
  }

  async function presentOne(connection: Db, row: GenerationRow): Promise<GenerationResource> {
    return (await presentGenerations(connection, [row], link))[0]!
  }

  async function apply(trx: Db, row: GenerationRow, input: ResolveInput): Promise<void> {
    const attempt = await findAttempt(trx, row.attempt_id!)
    if (input.action === 'resubmit') return await outcomes.resubmit(trx, row, attempt)
    if (input.action === 'abandon') return await outcomes.abandon(trx, row, attempt)
    await noteAttempt(trx, attempt.id, { error: null })
    await outcomes.accept(trx, row, attempt, { jobRef: input.job_ref!, pollAfterMs: 0 })
  }

  return {
    attach: attach.attach,
    submit,
    recover,
    results,
    callbacks: createCallbacks({ ...deps, ...callbackPorts, outcomes }),

    /** Newest first. */
    async list(scope: Scope, page: PageRequest & GenerationFilter): Promise<Page<GenerationResource>> {
      const range = { before: decodeCursor(page.cursor), limit: page.limit + 1 }
      const rows = await listGenerations(scope.db, scope.workspaceId, range, page)
      const shown = new Map((await presentGenerations(scope.db, rows.slice(0, page.limit), link)).map((r) => [r.id, r]))
      return pageOf(
        rows,
        page,
        (row) => row.id,
        (row) => shown.get(row.id)!,
      )
    },

    /** @throws not_found */
    async get(scope: Scope, id: string): Promise<GenerationResource> {
      const row = await findGeneration(scope.db, scope.workspaceId, id)
      if (!row) throw notFound('generation', id)
      return await presentOne(scope.db, row)
    },

    /**
     * A person's decision about a generation that nobody can know about.
     * attach: the job was found, go on with it. resubmit: buy it again; the old reservation stays. abandon: give it up and
     * release its reservation; the shots go to the next model.
     * @throws not_found; conflict unless it is `uncertain`; 422 without the job to attach
     */
    async resolve(scope: Scope, id: string, input: ResolveInput): Promise<GenerationResource> {
      return await transaction(scope.db, async (trx) => {
        const row = await lockGeneration(trx, scope.workspaceId, id)
        if (!row) throw notFound('generation', id)
        if (row.status !== 'uncertain') {
          throw new ServiceError('conflict', `Only an uncertain generation can be resolved; this one is "${row.status}".`)
        }
        if (input.action === 'attach' && (input.job_ref === undefined || input.job_ref === null)) {
          const message = 'Attaching needs "job_ref": the reference of the job at the provider.'
          throw invalid([{ pointer: '/job_ref', code: 'required', message }])
        }
        await apply(trx, row, input)
        const { workspaceId, actor, requestId } = scope
        const details = { action: input.action, attempt_id: row.attempt_id }
        await recordAudit(trx, {
          id: ids('audit'),
          workspaceId,
          actor,
          action: 'generation.resolved',
          subject: id,
          details,
          requestId,
        })
        return await presentOne(trx, (await findGeneration(trx, workspaceId, id))!)
      })
    },
  }
}

export type Generations = ReturnType<typeof createGenerations>
