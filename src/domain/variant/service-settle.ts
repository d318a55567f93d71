/** What a variant becomes when its renditions have ended, and the one event that says so. */
import type { Db } from '#src/database/client.ts'
import { type RenditionWithFiles, renditionsOf } from '#src/database/renditions.ts'
import { changeVariants, lockVariants, type VariantRow } from '#src/database/variants.ts'
import { assertTransition } from '../transitions.ts'
import { type RenditionStatus, variantEnd, type VariantEnd, type VariantStatus, variantTransitions } from './rules.ts'
import { campaignsOf, type CampaignFacts, variantEvent, type VariantEvent } from './service-events.ts'
import type { Link } from './service-present.ts'

export interface SettleDependencies {
  readonly events: { emitMany(db: Db, events: readonly VariantEvent[]): Promise<void> }
  readonly link: Link
}

type Ended = Exclude<VariantEnd, { status: 'open' }>

interface Settlement {
  readonly variant: VariantRow
  readonly campaign: CampaignFacts
  readonly renditions: readonly RenditionWithFiles[]
  readonly end: Ended
}

const openOnes: readonly string[] = ['planned', 'rendering'] satisfies VariantStatus[]

export function createSettle({ events, link }: SettleDependencies) {
  /**
   * Writes the outcome of each variant whose renditions have all ended, and emits its event, once per revision and outcome.
   * Set-based. Locks the variants first: of two workers that end the last two renditions, the second sees the first's.
   */
  async function settle(db: Db, variantIds: readonly string[]): Promise<void> {
    const variants = (await lockVariants(db, variantIds)).filter(({ status }) => openOnes.includes(status))
    if (variants.length === 0) return
    const renditions = Map.groupBy(await renditionsOf(db, variantIds), (rendition) => rendition.variant_id)
    const campaigns = await campaignsOf(db, variants)
    const settled = variants.flatMap((variant): Settlement[] => {
      const [own, campaign] = [renditions.get(variant.id) ?? [], campaigns.get(variant.campaign_id)!]
      const end = variantEnd(own.map(endOf), campaign.settings.review)
      return end.status === 'open' ? [] : [{ variant, campaign, renditions: own, end }]
    })
    for (const { variant, end } of settled) {
      assertTransition('variant', variantTransitions, variant.status as VariantStatus, end.status)
    }
    await changeVariants(
      db,
      settled.map(({ variant, end }) => ({ id: variant.id, status: end.status, error: errorOf(end) })),
    )
    await events.emitMany(
      db,
      settled.map(({ end, ...about }) => variantEvent(end, about, link)),
    )
  }

  return settle
}

export type Settle = ReturnType<typeof createSettle>

const errorOf = (end: Ended) => (end.status === 'failed' ? end.error : null)

const endOf = (row: RenditionWithFiles) => ({
  status: row.status as RenditionStatus,
  error: row.error as { code: string; message: string } | null,
})
