/** What is told of a variant: the one event of each revision and outcome, with everything that a consumer needs to act. */
import type { Json } from '#src/contracts/json.ts'
import type { Db } from '#src/database/client.ts'
import type { RenditionWithFiles } from '#src/database/renditions.ts'
import type { VariantRow } from '#src/database/variants.ts'
import type { CampaignSettings } from '../campaign/types.ts'
import { finishedFile, type Link } from './service-present.ts'

export interface VariantEvent {
  readonly workspaceId: string
  readonly type: 'variant.ready' | 'variant.failed' | 'variant.in_review' | 'variant.rejected'
  readonly campaignId: string
  readonly subjectId: string
  readonly dedupeKey: string
  readonly data: Readonly<Record<string, Json | undefined>>
}

export type VariantOutcome =
  | { readonly status: 'ready' | 'in_review' }
  | { readonly status: 'failed'; readonly error: { readonly code: string; readonly message: string } }
  | { readonly status: 'rejected'; readonly reason: string; readonly note: string | null }

export interface CampaignFacts {
  readonly id: string
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  readonly settings: CampaignSettings
}

interface About {
  readonly variant: VariantRow
  readonly campaign: CampaignFacts
  readonly renditions: readonly RenditionWithFiles[]
}

/** Links to files are in `variant.ready` only: of every other outcome nobody has approved them. */
export function variantEvent(outcome: VariantOutcome, { variant, campaign, renditions }: About, link: Link): VariantEvent {
  const type = `variant.${outcome.status}` as const
  const { id, name, metadata } = campaign
  const data = {
    variant_id: variant.id,
    revision: variant.revision,
    campaign_id: id,
    campaign: { id, name, metadata },
    segment_key: variant.segment_key,
    locale: variant.locale,
    ...(outcome.status === 'ready' && { renditions: renditions.map((r) => ({ id: r.id, ...finishedFile(r, link) })) }),
    ...(outcome.status === 'failed' && { error: { ...outcome.error } }),
    ...(outcome.status === 'rejected' && { reason: outcome.reason, note: outcome.note }),
  }
  const dedupeKey = `${type}:${variant.id}:${variant.revision}`
  return { workspaceId: variant.workspace_id, type, campaignId: id, subjectId: variant.id, dedupeKey, data }
}

export async function campaignsOf(db: Db, variants: readonly VariantRow[]): Promise<Map<string, CampaignFacts>> {
  const rows = await db
    .selectFrom('campaigns')
    .select(['id', 'name', 'metadata', 'settings'])
    .where('id', 'in', [...new Set(variants.map((variant) => variant.campaign_id))])
    .execute()
  return new Map(rows.map((row) => [row.id, { ...row, settings: row.settings as unknown as CampaignSettings }]))
}
