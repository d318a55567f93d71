/** How a plan ends: ready, failed, or of no use any more. Each is one transaction with the campaign's new status and the event. */
import type { Json } from '#src/contracts/json.ts'
import type { CampaignRow } from '#src/database/campaigns.ts'
import { transaction, type Db } from '#src/database/client.ts'
import * as rows from '#src/database/plans.ts'
import { ServiceError } from '#src/errors.ts'
import type { Lease } from '#src/queue/lease.ts'
import { fenced, holdLease, settled } from '#src/queue/work-items.ts'
import { sql } from 'kysely'
import type { PlannerDependencies } from './ports.ts'
import type { PlanFailure, PlanResult } from './rules.ts'
import type { PlanBasis } from './service-context.ts'

export type PlanOutcome =
  | { readonly status: 'ready'; readonly result: PlanResult }
  | { readonly status: 'failed'; readonly error: PlanFailure }
  /** The campaign was changed, cancelled or deleted meanwhile. */
  | { readonly status: 'superseded' }

export interface Ready {
  readonly basis: PlanBasis
  readonly result: PlanResult
  readonly digest: string
}

export function createFinish({ db, events, launchPlanned }: Pick<PlannerDependencies, 'db' | 'events' | 'launchPlanned'>) {
  /** One transaction: plan ready, campaign planned, event, and the launch where it was asked for. */
  async function finish(plan: rows.PlanRow, lease: Lease, ready: Ready, refused?: ServiceError): Promise<PlanOutcome> {
    try {
      return await transaction(db, async (trx) => {
        const campaign = await rows.lockPlanning(trx, plan)
        await holdLease(trx, lease, 'waiting')
        if (!campaign) return { status: 'superseded' }
        await writeReady(trx, lease, ready, refused)
        const planned = await setCampaign(trx, campaign, 'planned', campaign.launch_on_planned && !refused)
        await announce(trx, planned, plan, { plan_digest: ready.digest, ...(refused && { error: launchRefused(refused) }) })
        if (planned.launch_on_planned) await launchPlanned(trx, { workspaceId: planned.workspace_id, id: planned.id })
        return { status: 'ready', result: ready.result }
      })
    } catch (error) {
      // A launch that is refused must not undo the plan: it stays planned, and says why it was not launched.
      if (error instanceof ServiceError && !refused) return await finish(plan, lease, ready, error)
      throw error
    }
  }

  async function writeReady(trx: Db, lease: Lease, { basis, result, digest }: Ready, refused?: ServiceError): Promise<void> {
    const values = {
      ...settled,
      status: 'ready' as const,
      digest,
      result: (await withoutErased(trx, basis.campaign, result)) as unknown as Json,
      context: basis.context as unknown as Json,
      error: refused ? launchRefused(refused) : null,
      updated_at: sql<Date>`clock_timestamp()`,
    }
    await fenced(trx.updateTable('plans').set(values), lease, 'waiting')
  }

  async function setCampaign(trx: Db, { id }: CampaignRow, status: string, launch: boolean): Promise<CampaignRow> {
    return await trx
      .updateTable('campaigns')
      .set({ status, launch_on_planned: launch, updated_at: sql`clock_timestamp()` })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  async function announce(
    trx: Db,
    campaign: CampaignRow,
    plan: rows.PlanRow,
    data: Readonly<Record<string, Json>>,
  ): Promise<void> {
    const { id, workspace_id, name, status, metadata } = campaign
    await events.emit(trx, {
      workspaceId: workspace_id,
      type: 'campaign.planned',
      campaignId: id,
      subjectId: id,
      dedupeKey: `campaign.planned:${id}:${plan.revision}`,
      data: { campaign_id: id, name, status, metadata, ...data },
    })
  }

  /** The plan says why, and nothing that it wrote stays but the invalid segments. */
  async function fail(
    plan: rows.PlanRow,
    lease: Lease,
    error: PlanFailure,
    result: Pick<PlanResult, 'segments'> | null = null,
  ): Promise<PlanOutcome> {
    return await transaction(db, async (trx) => {
      const campaign = await rows.lockPlanning(trx, plan)
      const values = {
        ...settled,
        error: { ...error },
        result: result && { ...result },
        updated_at: sql<Date>`clock_timestamp()`,
      }
      await fenced(trx.updateTable('plans').set({ ...values, status: campaign ? 'failed' : 'superseded' }), lease, 'waiting')
      if (!campaign) return { status: 'superseded' }
      await rows.clearPlanned(trx, campaign.id)
      const failed = await setCampaign(trx, campaign, 'plan_failed', false)
      await announce(trx, failed, plan, { error: { ...error } })
      return { status: 'failed', error }
    })
  }

  return { finish, fail }
}

/** A segment that was erased after its page was written must not live on as a sample. */
async function withoutErased(trx: Db, { audience_id }: CampaignRow, result: PlanResult): Promise<PlanResult> {
  await rows.audienceChangedAt(trx, audience_id, { hold: true })
  const keys = new Set(
    await rows.existingKeys(
      trx,
      audience_id,
      result.samples.map((sample) => sample.segment_key),
    ),
  )
  return { ...result, samples: result.samples.filter((sample) => keys.has(sample.segment_key)) }
}

const launchRefused = (error: ServiceError) => ({ code: error.code, message: `Planned, but not launched: ${error.message}` })
