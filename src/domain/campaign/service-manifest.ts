/** The feed of finished files of a campaign, read in pages: a million lines take no more memory than ten. */
import { sql } from 'kysely'
import type { Db } from '#src/database/client.ts'
import { renditionsOf } from '#src/database/renditions.ts'
import { listVariants, type VariantRow } from '#src/database/variants.ts'
import { finishedFile, type Link } from '../variant/service-present.ts'

const pageSize = 500

/** A failed variant's ready files are usable, but nobody has approved them; one that waits for approval shows none. */
const shownStatuses = (review: string): readonly string[] => (review === 'all' ? ['ready'] : ['ready', 'failed'])

/** In the order of the audience, and of the campaign's formats. */
export async function* manifestRows(db: Db, workspaceId: string, campaignId: string, link: Link) {
  const shown = shownStatuses(await reviewOf(db, campaignId))
  let after: { position: number; id: string } | undefined
  for (;;) {
    const rows: VariantRow[] = await listVariants(db, workspaceId, { campaign_id: campaignId }, { after, limit: pageSize })
    yield* await linesOf(
      db,
      rows.filter((row) => shown.includes(row.status)),
      link,
    )
    const last = rows.at(-1)
    if (rows.length < pageSize || !last) return
    after = { position: last.position, id: last.id }
  }
}

async function reviewOf(db: Db, campaignId: string): Promise<string> {
  const { review } = await db
    .selectFrom('campaigns')
    .select(sql<string>`settings->>'review'`.as('review'))
    .where('id', '=', campaignId)
    .executeTakeFirstOrThrow()
  return review
}

export type ManifestRow = Awaited<ReturnType<typeof linesOf>>[number]

async function linesOf(db: Db, rows: readonly VariantRow[], link: Link) {
  const variants = new Map(rows.map((row) => [row.id, row]))
  const renditions = await renditionsOf(db, [...variants.keys()])
  const byVariant = Map.groupBy(
    renditions.filter((rendition) => rendition.status === 'ready' && rendition.video && rendition.poster),
    (rendition) => rendition.variant_id,
  )
  return [...variants.values()].flatMap((variant) =>
    (byVariant.get(variant.id) ?? []).map((rendition) => ({
      campaign_id: variant.campaign_id,
      variant_id: variant.id,
      revision: variant.revision,
      segment_key: variant.segment_key,
      locale: variant.locale,
      ...finishedFile(rendition, link),
    })),
  )
}
