/**
 * Money: reserved before a request is sent, settled or released when its outcome is known. Every method that writes
 * belongs into the transaction of the change of state that it follows from. The rules are in rules.ts and README.md.
 */
import { type CampaignRow, clearBudgetPauses, pauseCampaigns } from '#src/database/campaigns.ts'
import type { Db } from '#src/database/client.ts'
import {
  changeBudgets,
  insertLedger,
  lockBudgets,
  reserveInCampaign,
  reserveInMonth,
  sumLedger,
  sumSaved,
  unreserveInCampaign,
  type UsageRow,
} from '#src/database/ledger.ts'
import { invalid } from '#src/errors.ts'
import type { Scope } from '../scope.ts'
import { budgetChange, isOverrun, type LedgerEntry, monthOf, settlement } from './rules.ts'

/** What the ledger has to know of an attempt. */
export interface Purchase {
  readonly attemptId: string
  readonly generationId: string
  readonly campaignId: string
  readonly workspaceId: string
  readonly model: string
  /** Decides the month that it counts in. */
  readonly submittedAt: Date
}

interface EventsPort {
  emit(
    db: Db,
    event: {
      workspaceId: string
      type: 'campaign.budget_exhausted' | 'campaign.overrun' | 'campaign.resumed'
      campaignId: string
      subjectId: string
      dedupeKey: string
      data: Readonly<Record<string, string | number | null | readonly string[] | Readonly<Record<string, string | number>>>>
    },
  ): Promise<void>
}

export type Reservation = 'reserved' | 'campaign_budget' | 'workspace_budget'

const dayMs = 86_400_000
/** A usage report spans this at most, so that it stays one index scan of bounded size. */
const longestUsageDays = 400

export function createSpend({ events, now }: { readonly events: EventsPort; readonly now: () => number }) {
  async function book(db: Db, purchase: Purchase, entries: readonly LedgerEntry[]): Promise<void> {
    await insertLedger(
      db,
      entries.map((entry) => ({
        ...entry,
        workspace_id: purchase.workspaceId,
        campaign_id: purchase.campaignId,
        generation_id: purchase.generationId,
        attempt_id: purchase.attemptId,
        model: purchase.model,
      })),
    )
  }

  async function apply(db: Db, purchase: Purchase, entries: readonly LedgerEntry[]): Promise<void> {
    await book(db, purchase, entries)
    await changeBudgets(db, { ...purchase, month: monthOf(purchase.submittedAt) }, budgetChange(entries))
  }

  /** Ends a reservation with what was really billed; 0 releases it. Room that becomes free lets a paused campaign try again. */
  async function settle(db: Db, purchase: Purchase, reserved: number, cost: number): Promise<void> {
    await apply(db, purchase, settlement(reserved, cost))
    if (isOverrun(reserved, cost)) await pauseForOverrun(db, purchase)
    // Of the whole workspace: the month's budget is shared, and who still finds no room pauses again without a new event.
    else if (cost < reserved) await clearBudgetPauses(db, purchase.workspaceId)
  }

  async function pauseForOverrun(db: Db, { campaignId, attemptId }: Purchase): Promise<void> {
    for (const campaign of await pauseCampaigns(db, [campaignId], 'overrun')) {
      await emitPause(db, campaign, 'campaign.overrun', `campaign.overrun:${campaignId}:${attemptId}`)
    }
  }

  async function emitPause(
    db: Db,
    campaign: CampaignRow,
    type: 'campaign.budget_exhausted' | 'campaign.overrun',
    dedupeKey: string,
  ): Promise<void> {
    const { id, name, status, metadata, pause_reasons, budget_micro_usd, reserved_micro_usd, spent_micro_usd } = campaign
    const spend = { reserved_micro_usd, spent_micro_usd, saved_micro_usd: 0 }
    const data = { campaign_id: id, name, status, metadata, pause_reasons, budget_micro_usd, spend }
    await events.emit(db, { workspaceId: campaign.workspace_id, type, campaignId: id, subjectId: id, dedupeKey, data })
  }

  return {
    settle,

    /**
     * The most that an attempt can cost, in the campaign's budget and in the workspace's of the month, or nothing.
     * When it does not fit, the transaction must not go on to a submission.
     */
    async reserve(db: Db, purchase: Purchase, microUsd: number): Promise<Reservation> {
      if (!(await reserveInCampaign(db, purchase.campaignId, microUsd))) return 'campaign_budget'
      const month = monthOf(purchase.submittedAt)
      if (!(await reserveInMonth(db, purchase.workspaceId, month, microUsd))) {
        await unreserveInCampaign(db, purchase.campaignId, microUsd)
        return 'workspace_budget'
      }
      await book(db, purchase, [{ kind: 'reserve', micro_usd: microUsd }])
      return 'reserved'
    },

    /** Gives a reservation back: certainly nothing was bought. */
    release: (db: Db, purchase: Purchase, reserved: number): Promise<void> => settle(db, purchase, reserved, 0),

    /** Books a difference that became known after an attempt was settled; negative for a refund. */
    adjust: (db: Db, purchase: Purchase, microUsd: number): Promise<void> =>
      apply(db, purchase, [{ kind: 'adjust', micro_usd: microUsd }]),

    /**
     * Keeps every settlement out until the transaction ends: a reservation that fails under this lock fails for good. Without
     * it a settlement could free room between the failure and the pause, and nobody would come back to lift that pause.
     */
    hold: (db: Db, workspaceId: string, campaignIds: readonly string[], at: Date): Promise<void> =>
      lockBudgets(db, workspaceId, monthOf(at), campaignIds),

    /** Nobody has room for the next clip: its campaigns pause until there is. One event per campaign and budget. */
    async exhaust(db: Db, campaignIds: readonly string[]): Promise<void> {
      if (campaignIds.length === 0) return
      for (const campaign of await pauseCampaigns(db, campaignIds, 'budget')) {
        const key = `campaign.budget_exhausted:${campaign.id}:${campaign.budget_micro_usd ?? monthOf(new Date(now()))}`
        await emitPause(db, campaign, 'campaign.budget_exhausted', key)
      }
    },

    /**
     * Spend of a time span, in whole UTC days.
     * @param range.from default: the first day of this month
     * @param range.to the last day, included; default: today
     * @throws 422 for a span that is no span, or too long
     */
    async usage(scope: Scope, range: { readonly from?: string | undefined; readonly to?: string | undefined }) {
      const to = range.to ?? new Date(now()).toISOString().slice(0, 10)
      const from = range.from ?? `${to.slice(0, 7)}-01`
      const [start, end] = [Date.parse(from), Date.parse(to) + dayMs]
      checkSpan(start, end)
      const rows = await sumLedger(scope.db, scope.workspaceId, new Date(start), new Date(end))
      const saved = await sumSaved(scope.db, scope.workspaceId, new Date(start), new Date(end))
      return { object: 'usage' as const, from, to, ...summarise(rows), saved_micro_usd: saved }
    },
  }
}

export type Spend = ReturnType<typeof createSpend>

function checkSpan(start: number, end: number): void {
  if (start < end && end - start <= longestUsageDays * dayMs) return
  const message = `"from" must not be after "to", and the span is ${longestUsageDays} days at most.`
  throw invalid([{ pointer: '/query/from', code: 'invalid_span', message }])
}

function total(rows: readonly UsageRow[], key: (row: UsageRow) => string): [string, number][] {
  const sums = new Map<string, number>()
  for (const row of rows) sums.set(key(row), (sums.get(key(row)) ?? 0) + row.spent)
  return [...sums].filter(([, spent]) => spent !== 0)
}

const summarise = (rows: readonly UsageRow[]) => ({
  spent_micro_usd: rows.reduce((sum, row) => sum + row.spent, 0),
  reserved_micro_usd: rows.reduce((sum, row) => sum + row.reserved, 0),
  by_campaign: total(rows, (row) => row.campaign_id).map(([campaign_id, spent_micro_usd]) => ({ campaign_id, spent_micro_usd })),
  by_model: total(rows, (row) => row.model).map(([model, spent_micro_usd]) => ({ model, spent_micro_usd })),
  by_day: total(rows, (row) => row.day).map(([day, spent_micro_usd]) => ({ day, spent_micro_usd })),
})
