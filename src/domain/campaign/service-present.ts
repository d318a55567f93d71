/** Campaigns as the API and the events show them. */
import { type CampaignFigures, campaignFigures } from '#src/database/campaign-figures.ts'
import type { CampaignRow } from '#src/database/campaigns.ts'
import type { Db } from '#src/database/client.ts'
import { generationStatuses } from '../generation/rules.ts'
import { renditionStatuses, variantStatuses } from '../variant/rules.ts'
import type { CampaignStatus, PauseReason } from './rules.ts'
import type { CampaignSettings } from './types.ts'

export type CampaignResource = ReturnType<typeof present>
export type CampaignCounts = ReturnType<typeof countsOf>

const nothing: Omit<CampaignFigures, 'campaign_id'> = {
  variants: {},
  renditions: {},
  generations: {},
  clips_in_review: 0,
  saved: 0,
  plan_digest: null,
}

/** Counts and sums of all rows in one query. */
export async function presentCampaigns(db: Db, rows: readonly CampaignRow[]): Promise<CampaignResource[]> {
  const figures = await campaignFigures(
    db,
    rows.map((row) => row.id),
  )
  return rows.map((row) => present(row, figures.get(row.id) ?? nothing))
}

/** Every status, so that a consumer needs no special case for zero. */
const complete = <S extends string>(statuses: readonly S[], counts: Readonly<Record<string, number>>): Record<S, number> =>
  Object.fromEntries(statuses.map((status) => [status, counts[status] ?? 0])) as Record<S, number>

export const countsOf = ({
  variants,
  renditions,
  generations,
  clips_in_review,
}: Pick<CampaignFigures, 'variants' | 'renditions' | 'generations' | 'clips_in_review'>) => ({
  variants: complete(variantStatuses, variants),
  renditions: complete(renditionStatuses, renditions),
  generations: complete(generationStatuses, generations),
  uncertain: generations['uncertain'] ?? 0,
  clips_in_review,
})

export const spendOf = (row: CampaignRow, saved: number) => ({
  reserved_micro_usd: row.reserved_micro_usd,
  spent_micro_usd: row.spent_micro_usd,
  saved_micro_usd: saved,
})

/** What every event of a campaign begins with. */
export const eventDataOf = (row: CampaignRow) => ({
  campaign_id: row.id,
  name: row.name,
  status: row.status,
  metadata: row.metadata,
})

function present(row: CampaignRow, figures: Omit<CampaignFigures, 'campaign_id'>) {
  const settings = row.settings as unknown as CampaignSettings
  const counts = countsOf(figures)
  return {
    id: row.id,
    object: 'campaign' as const,
    name: row.name,
    status: row.status as CampaignStatus,
    pause_reasons: row.pause_reasons as PauseReason[],
    needs_attention: counts.uncertain > 0,
    template_id: row.template_id,
    template_version: row.template_version,
    audience_id: row.audience_id,
    audience_revision: row.audience_revision,
    segment_filter: mutable(settings.segment_filter),
    on_invalid: settings.on_invalid,
    formats: [...settings.formats],
    models: [...settings.models],
    budget_micro_usd: row.budget_micro_usd,
    max_generations: settings.max_generations,
    max_renditions: settings.max_renditions,
    review: settings.review,
    on_uncertain: settings.on_uncertain,
    priority: row.priority,
    not_before: row.not_before?.toISOString() ?? null,
    counts,
    spend: spendOf(row, figures.saved),
    plan_digest: figures.plan_digest,
    metadata: row.metadata,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    completed_at: row.completed_at?.toISOString() ?? null,
  }
}

/** The schemas of the API know no readonly arrays. */
function mutable(filter: CampaignSettings['segment_filter']) {
  if (!filter) return null
  const { locale, keys, attributes } = filter
  return {
    ...(locale && { locale: [...locale] }),
    ...(keys && { keys: [...keys] }),
    ...(attributes && {
      attributes: Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, [...values]])),
    }),
  }
}
