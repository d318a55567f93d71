/** Planning as a campaign sees it: ask for a plan, read it, launch it. The planner itself is domain/plan and workers/plan.ts. */
import type { Json } from '#src/contracts/json.ts'
import { type CampaignRow, type PlanRow, updateCampaign } from '#src/database/campaigns.ts'
import type { Db } from '#src/database/client.ts'
import { shotsOfCampaign } from '#src/database/generations.ts'
import { ServiceError } from '#src/errors.ts'
import { nudge } from '#src/queue/top-up.ts'
import { type Want, wantOf } from '../generation/service-attach.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import { assertTransition } from '../transitions.ts'
import { campaignTransitions, type CampaignStatus } from './rules.ts'
import type { CampaignSettings } from './types.ts'

export interface PlanningDependencies {
  readonly ids: NewId
  readonly now: () => number
  /** Points shots at live or new generations. */
  readonly attach: (db: Db, workspaceId: string, wants: readonly Want[]) => Promise<void>
}

/** What a plan counted; the whole of it is the planner's. */
interface PlanFigures {
  readonly generations?: { readonly owned?: number; readonly new?: number }
}

export function createPlanning({ ids, now, attach }: PlanningDependencies) {
  /** A plan that is still being made for a campaign that has changed since is not wanted any more. */
  async function supersede(db: Db, campaignId: string): Promise<void> {
    await db
      .updateTable('plans')
      .set({ status: 'superseded', updated_at: new Date(now()) })
      .where('campaign_id', '=', campaignId)
      .where('status', '=', 'waiting')
      .execute()
  }

  /** Of a locked campaign: the next plan, on the newest revision of its audience. */
  async function request(db: Db, campaign: CampaignRow, options: { readonly launch: boolean }): Promise<CampaignRow> {
    assertTransition('campaign', campaignTransitions, campaign.status as CampaignStatus, 'planning')
    await supersede(db, campaign.id)
    const revision = campaign.plan_revision + 1
    const values = { id: ids('plan'), workspace_id: campaign.workspace_id, campaign_id: campaign.id, revision }
    await db.insertInto('plans').values(values).execute()
    const audience = await db
      .selectFrom('audiences')
      .select('revision')
      .where('id', '=', campaign.audience_id)
      .executeTakeFirstOrThrow()
    await nudge(db, 'plan')
    return await updateCampaign(db, campaign.id, {
      status: 'planning',
      plan_revision: revision,
      audience_revision: audience.revision,
      launch_on_planned: options.launch,
    })
  }

  const newest = (db: Db, campaign: Pick<CampaignRow, 'id' | 'plan_revision'>): Promise<PlanRow | undefined> =>
    db
      .selectFrom('plans')
      .selectAll()
      .where('campaign_id', '=', campaign.id)
      .where('revision', '=', campaign.plan_revision)
      .executeTakeFirst()

  /** How many of the campaign's shots have their clip already. */
  async function ownedShots(db: Db, campaignId: string): Promise<number> {
    const { owned } = await db
      .selectFrom('shots')
      .innerJoin('generations', 'generations.id', 'shots.generation_id')
      .select((eb) => eb.fn.countAll<number>().as('owned'))
      .where('shots.campaign_id', '=', campaignId)
      .where('generations.status', '=', 'ready')
      .executeTakeFirstOrThrow()
    return owned
  }

  /**
   * Launches exactly what the newest plan of a locked campaign says.
   * @param digest of the plan that the caller has read; absent: whatever was planned
   * @throws plan_changed with the difference, when it is another plan or a clip that it counted as owned is gone
   */
  async function start(
    db: Db,
    campaign: CampaignRow,
    options: { digest?: string; requestId?: string | undefined },
  ): Promise<CampaignRow> {
    assertTransition('campaign', campaignTransitions, campaign.status as CampaignStatus, 'rendering')
    const plan = await newest(db, campaign)
    if (plan?.status !== 'ready') throw new ServiceError('conflict', 'The campaign has no plan that is ready. Plan it first.')
    if (options.digest !== undefined && options.digest !== plan.digest) {
      throw changed({ plan_digest: { given: options.digest, current: plan.digest } })
    }
    const { models } = campaign.settings as unknown as CampaignSettings
    await attach(
      db,
      campaign.workspace_id,
      (await shotsOfCampaign(db, campaign.id)).map((shot) => wantOf(shot, models)),
    )
    const planned = (plan.result as PlanFigures | null)?.generations?.owned ?? 0
    const owned = await ownedShots(db, campaign.id)
    if (owned < planned) throw changed({ generations: { owned: { planned, now: owned } } })
    const started_at = new Date(now())
    return await updateCampaign(db, campaign.id, { status: 'rendering', started_at, request_id: options.requestId ?? null })
  }

  return { supersede, request, newest, start }
}

export type Planning = ReturnType<typeof createPlanning>

const changed = (difference: Readonly<Record<string, Json>>) =>
  new ServiceError('plan_changed', 'The plan is not the one that was read. Read it again, and launch with its digest.', {
    extensions: { difference },
  })

/** The plan as the API shows it. */
export const presentPlan = (row: PlanRow) => ({
  object: 'plan' as const,
  campaign_id: row.campaign_id,
  revision: row.revision,
  status: row.status,
  digest: row.digest,
  progress: row.progress as { segments?: number; of?: number },
  error: row.error as { code: string; message: string } | null,
  ...(row.result as Readonly<Record<string, never>> | null),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

/** Segments that a plan left out, in the order of the audience. */
export async function invalidPage(db: Db, planId: string, page: PageRequest): Promise<Page<InvalidSegment>> {
  const after = decodeCursor(page.cursor, /^\d{1,15}$/)
  const rows = await db
    .selectFrom('plan_invalid')
    .selectAll()
    .where('plan_id', '=', planId)
    .$if(after !== undefined, (q) => q.where('position', '>', Number(after)))
    .orderBy('position')
    .limit(page.limit + 1)
    .execute()
  return pageOf(
    rows,
    page,
    (row) => row.position,
    ({ segment_key, errors }) => ({ segment_key, errors: [...errors] }),
  )
}

export interface InvalidSegment {
  readonly segment_key: string
  readonly errors: { pointer: string; code: string; message: string }[]
}
