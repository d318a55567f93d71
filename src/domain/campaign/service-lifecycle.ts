/** Launch, pause, resume, cancel, complete: every one in the transaction of its event. */
import type { Json } from '#src/contracts/json.ts'
import { campaignFigures } from '#src/database/campaign-figures.ts'
import {
  type CampaignRow,
  clearBudgetPausesOfLastMonth,
  lockFinished,
  pauseCampaigns,
  updateCampaign,
} from '#src/database/campaigns.ts'
import type { Db } from '#src/database/client.ts'
import { ServiceError } from '#src/errors.ts'
import { nudge } from '#src/queue/top-up.ts'
import type { Scope } from '../scope.ts'
import { assertTransition } from '../transitions.ts'
import { openVariantStatuses } from '../variant/rules.ts'
import { campaignTransitions, type CampaignStatus, hasRoom } from './rules.ts'
import type { Audit } from './service-audit.ts'
import type { Planning } from './service-plan.ts'
import { countsOf, eventDataOf, spendOf } from './service-present.ts'

type LifecycleEvent = 'campaign.launched' | 'campaign.paused' | 'campaign.resumed' | 'campaign.completed' | 'campaign.cancelled'

export interface LifecycleDependencies {
  readonly planning: Pick<Planning, 'start' | 'supersede'>
  readonly now: () => number
  readonly events: {
    emit(
      db: Db,
      event: {
        workspaceId: string
        type: LifecycleEvent
        campaignId: string
        subjectId: string
        dedupeKey: string
        data: Readonly<Record<string, Json | undefined>>
      },
    ): Promise<void>
  }
  /** The first batch of what the variants' sweeps do, so that a small campaign does not wait for the next second. */
  readonly variantSweeps: {
    releaseReady(db: Db): Promise<boolean>
    cancelRemaining(db: Db): Promise<boolean>
  }
}

/** Campaigns that are completed in one pass. */
const completeBatch = 100

export function createLifecycle({
  planning,
  now,
  events,
  variantSweeps,
  audit,
}: LifecycleDependencies & { readonly audit: Audit }) {
  /** These can happen to a campaign more than once, each time in a transaction that changes its status. */
  async function emit(db: Db, row: CampaignRow, type: LifecycleEvent, more: Readonly<Record<string, Json | undefined>> = {}) {
    const dedupeKey = `${type}:${row.id}:${row.updated_at.getTime()}`
    const data = { ...eventDataOf(row), ...more }
    await events.emit(db, { workspaceId: row.workspace_id, type, campaignId: row.id, subjectId: row.id, dedupeKey, data })
  }

  const assertRendering = (row: CampaignRow, what: string): void => {
    if (row.status === 'rendering') return
    throw new ServiceError('conflict', `Only a rendering campaign can be ${what}; this one is "${row.status}".`)
  }

  /** @param digest of the plan that was read; absent: whatever was planned */
  async function launch(scope: Scope, row: CampaignRow, digest?: string): Promise<CampaignRow> {
    const options = { ...(digest !== undefined && { digest }), requestId: scope.requestId }
    const started = await planning.start(scope.db, row, options)
    await variantSweeps.releaseReady(scope.db)
    await emit(scope.db, started, 'campaign.launched', digest === undefined ? {} : { plan_digest: digest })
    await audit(scope, 'campaign.launched', row.id)
    return started
  }

  async function pause(scope: Scope, row: CampaignRow): Promise<CampaignRow> {
    assertRendering(row, 'paused')
    const [paused] = await pauseCampaigns(scope.db, [row.id], 'user')
    if (!paused) return row
    await emit(scope.db, paused, 'campaign.paused', { pause_reasons: paused.pause_reasons })
    await audit(scope, 'campaign.paused', row.id)
    return paused
  }

  async function resume(scope: Scope, row: CampaignRow): Promise<CampaignRow> {
    assertRendering(row, 'resumed')
    if (row.pause_reasons.length === 0) throw new ServiceError('conflict', 'The campaign is not paused.')
    if (row.pause_reasons.includes('budget') && !hasRoom(row)) {
      throw new ServiceError('conflict', 'The budget is used up. Raise budget_micro_usd, which resumes the campaign.')
    }
    const resumed = await updateCampaign(scope.db, row.id, { pause_reasons: [] })
    await emit(scope.db, resumed, 'campaign.resumed', { pause_reasons: [] })
    await audit(scope, 'campaign.resumed', row.id)
    await nudge(scope.db, 'generate')
    await nudge(scope.db, 'compose')
    return resumed
  }

  async function cancel(scope: Scope, row: CampaignRow): Promise<CampaignRow> {
    assertTransition('campaign', campaignTransitions, row.status as CampaignStatus, 'cancelled')
    await planning.supersede(scope.db, row.id)
    const changes = { status: 'cancelled', pause_reasons: [], launch_on_planned: false, completed_at: null }
    const cancelled = await updateCampaign(scope.db, row.id, changes)
    await variantSweeps.cancelRemaining(scope.db)
    await emit(scope.db, cancelled, 'campaign.cancelled')
    await audit(scope, 'campaign.cancelled', row.id)
    return cancelled
  }

  /** Rendering campaigns without an open variant and without an uncertain clip are done. @returns whether there is more */
  async function completeFinished(db: Db): Promise<boolean> {
    const finished = await lockFinished(db, openVariantStatuses, completeBatch)
    const figures = await campaignFigures(
      db,
      finished.map((row) => row.id),
    )
    for (const { id } of finished) {
      const completed_at = new Date(now())
      const row = await updateCampaign(db, id, { status: 'completed', pause_reasons: [], completed_at })
      const own = figures.get(id)!
      const more = { counts: countsOf(own), spend: spendOf(row, own.saved), completed_at: completed_at.toISOString() }
      await emit(db, row, 'campaign.completed', more)
    }
    return finished.length === completeBatch
  }

  return { launch, pause, resume, cancel, sweeps: { completeFinished, newMonth: clearBudgetPausesOfLastMonth } }
}
