/** The ledger and the two budgets that every reservation passes through: the campaign's, and the workspace's of the month. */
import { type Insertable, sql } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export interface BudgetChange {
  readonly reserved: number
  readonly spent: number
}

/**
 * Reserves in the campaign's budget, in one conditional write: with any number of workers, reserved and spent never
 * pass the budget through it.
 * @returns false when there is no room, or the campaign is not rendering or is paused
 */
export async function reserveInCampaign(db: Db, campaignId: string, microUsd: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update campaigns set reserved_micro_usd = reserved_micro_usd + ${microUsd}
    where id = ${campaignId} and status = 'rendering' and pause_reasons = '{}'
      and (budget_micro_usd is null or reserved_micro_usd + spent_micro_usd + ${microUsd} <= budget_micro_usd)`.execute(db)
  return numAffectedRows === 1n
}

/** Takes a reservation of the same transaction back, because the workspace's budget had no room. */
export async function unreserveInCampaign(db: Db, campaignId: string, microUsd: number): Promise<void> {
  await sql`update campaigns set reserved_micro_usd = reserved_micro_usd - ${microUsd} where id = ${campaignId}`.execute(db)
}

/** The same for the workspace's budget of a month. @param month first day, YYYY-MM-DD */
export async function reserveInMonth(db: Db, workspaceId: string, month: string, microUsd: number): Promise<boolean> {
  await sql`insert into workspace_months (workspace_id, month) values (${workspaceId}, ${month}) on conflict do nothing`.execute(
    db,
  )
  const { numAffectedRows } = await sql`
    update workspace_months m set reserved_micro_usd = m.reserved_micro_usd + ${microUsd}
    from workspaces w
    where m.workspace_id = ${workspaceId} and m.month = ${month} and w.id = m.workspace_id
      and (w.budget_per_month_micro_usd is null
        or m.reserved_micro_usd + m.spent_micro_usd + ${microUsd} <= w.budget_per_month_micro_usd)`.execute(db)
  return numAffectedRows === 1n
}

/** Campaigns in the order in which payers stand in line, then the month: the order of every other transaction that takes both. */
export async function lockBudgets(db: Db, workspaceId: string, month: string, campaignIds: readonly string[]): Promise<void> {
  await sql`
    select from campaigns where id = any(${[...campaignIds]}) order by priority, created_at, id for no key update`.execute(db)
  await sql`select from workspace_months where workspace_id = ${workspaceId} and month = ${month} for no key update`.execute(db)
}

/** Books a change in both budgets, without asking whether there is room: the money is spent already. */
export async function changeBudgets(
  db: Db,
  at: { readonly workspaceId: string; readonly campaignId: string; readonly month: string },
  { reserved, spent }: BudgetChange,
): Promise<void> {
  await sql`
    update campaigns set reserved_micro_usd = reserved_micro_usd + ${reserved}, spent_micro_usd = spent_micro_usd + ${spent}
    where id = ${at.campaignId}`.execute(db)
  await sql`
    update workspace_months set reserved_micro_usd = reserved_micro_usd + ${reserved}, spent_micro_usd = spent_micro_usd + ${spent}
    where workspace_id = ${at.workspaceId} and month = ${at.month}`.execute(db)
}

export async function insertLedger(db: Db, rows: readonly Insertable<Tables['ledger']>[]): Promise<void> {
  if (rows.length > 0)
    await db
      .insertInto('ledger')
      .values([...rows])
      .execute()
}

export interface UsageRow {
  readonly campaign_id: string
  readonly model: string
  /** YYYY-MM-DD, UTC */
  readonly day: string
  readonly spent: number
  readonly reserved: number
}

/** Sums of the ledger per campaign, model and day. @param to exclusive */
export async function sumLedger(db: Db, workspaceId: string, from: Date, to: Date): Promise<UsageRow[]> {
  const { rows } = await sql<UsageRow>`
    select campaign_id, model, to_char(created_at at time zone 'utc', 'YYYY-MM-DD') as day,
      coalesce(sum(micro_usd) filter (where kind in ('settle', 'adjust')), 0)::bigint as spent,
      coalesce(sum(micro_usd) filter (where kind in ('reserve', 'release')), 0)::bigint as reserved
    from ledger where workspace_id = ${workspaceId} and created_at >= ${from} and created_at < ${to}
    group by 1, 2, 3 order by 3, 1, 2`.execute(db)
  return rows
}

/** What campaigns did not pay for clips that another one had bought, of clips that were ready in the time. */
export async function sumSaved(db: Db, workspaceId: string, from: Date, to: Date): Promise<number> {
  const { rows } = await sql<{ saved: number }>`
    select coalesce(sum(g.cost_micro_usd), 0)::bigint as saved
    from shots s join generations g on g.id = s.generation_id join campaigns c on c.id = s.campaign_id
    where s.workspace_id = ${workspaceId} and g.status in ('ready', 'removed')
      and g.payer_campaign_id is distinct from s.campaign_id
      and greatest(g.ready_at, c.started_at) >= ${from} and greatest(g.ready_at, c.started_at) < ${to}`.execute(db)
  return rows[0]?.saved ?? 0
}
