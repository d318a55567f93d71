/** What is shown beside campaigns: counts, and what sharing clips has saved. Always for a page of campaigns at once. */
import { sql } from 'kysely'
import { isUnapproved } from './renditions.ts'
import type { Db } from './client.ts'

export interface CampaignFigures {
  readonly campaign_id: string
  /** Variants by status. */
  readonly variants: Readonly<Record<string, number>>
  /** Renditions by status. */
  readonly renditions: Readonly<Record<string, number>>
  /** Generations that its shots point at, by status. */
  readonly generations: Readonly<Record<string, number>>
  /** With review `clips`: clips that wait for a decision. */
  readonly clips_in_review: number
  /** Cost of clips that it uses and another campaign paid for. */
  readonly saved: number
  /** Digest of the newest plan, when that is ready. */
  readonly plan_digest: string | null
}

/** One statement for a page of campaigns, each with an index lookup of its own. */
export async function campaignFigures(db: Db, ids: readonly string[]): Promise<Map<string, CampaignFigures>> {
  if (ids.length === 0) return new Map()
  const counts = (entity: string) => sql`coalesce((
    select jsonb_object_agg(status, count) from campaign_counts where campaign_id = c.id and entity = ${entity} and count <> 0), '{}')`
  const { rows } = await sql<CampaignFigures>`
    select c.id as campaign_id, ${counts('variants')} as variants, ${counts('renditions')} as renditions,
      coalesce(g.statuses, '{}') as generations, coalesce(g.saved, 0)::bigint as saved, p.digest as plan_digest,
      (select count(*) from shots s join generations g on g.id = s.generation_id and g.status = 'ready'
        where s.campaign_id = c.id and s.error is null and ${isUnapproved('s', 'g', 'c')}) as clips_in_review
    from campaigns c
    left join plans p on p.campaign_id = c.id and p.revision = c.plan_revision and p.status = 'ready'
    left join lateral (
      select jsonb_object_agg(status, n) as statuses, sum(saved) as saved from (
        select g.status, count(distinct g.id) as n,
          sum(g.cost_micro_usd) filter (
            where g.status in ('ready', 'removed') and g.payer_campaign_id is distinct from c.id) as saved
        from shots s join generations g on g.id = s.generation_id
        where s.campaign_id = c.id group by g.status) by_status) g on true
    where c.id = any(${[...ids]})`.execute(db)
  return new Map(rows.map((row) => [row.campaign_id, row]))
}
