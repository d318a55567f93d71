/** Other copy over the same clips. */
import { lockCampaign } from '#src/database/campaigns.ts'
import { type Db, json } from '#src/database/client.ts'
import { remakeRenditions } from '#src/database/renditions.ts'
import { findVariant, lockVariants, reopenVariant, type VariantRow } from '#src/database/variants.ts'
import { type Fault, invalid, notFound, ServiceError } from '#src/errors.ts'
import type { Json } from '#src/contracts/json.ts'
import { reopenCampaign } from '../campaign/service-reopen.ts'
import type { VariantTexts } from '../campaign/types.ts'
import type { Scope } from '../scope.ts'
import { assertTransition } from '../transitions.ts'
import { type VariantStatus, variantTransitions } from './rules.ts'

export interface NewCopy {
  /** As the variant's `texts.overlays`, in the same order: a text, or null for an overlay without one. */
  readonly overlays: readonly (string | null)[]
  /** Absent: as it is. */
  readonly end_card?: string | null | undefined
}

/** A variant keeps its overlays; only what the text ones say may change. */
export function copyFaults(texts: Pick<VariantTexts, 'overlays'>, { overlays }: NewCopy): Fault[] {
  if (overlays.length !== texts.overlays.length) {
    const message = `The variant has ${texts.overlays.length} overlays; give a text or null for each, in their order.`
    return [{ pointer: '/overlays', code: 'wrong_count', message }]
  }
  return overlays.flatMap((text, index) =>
    text !== null && texts.overlays[index] === null
      ? [{ pointer: `/overlays/${index}`, code: 'no_text', message: 'This overlay has no text; leave it null.' }]
      : [],
  )
}

export function createRecompose({ releaseReady }: { readonly releaseReady: (db: Db) => Promise<boolean> }) {
  /** In the caller's transaction. @returns the variant as it is then */
  return async function recompose({ db, workspaceId }: Scope, id: string, input: NewCopy): Promise<VariantRow> {
    const found = await findVariant(db, workspaceId, id)
    if (!found) throw notFound('variant', id)
    const campaign = (await lockCampaign(db, workspaceId, found.campaign_id))!
    const variant = (await lockVariants(db, [id]))[0]!
    const texts = variant.texts as unknown as VariantTexts
    if (variant.status === 'planned' || variant.status === 'rendering') {
      throw new ServiceError('conflict', 'The variant is being made. Wait until it is finished, then change its copy.')
    }
    assertTransition('variant', variantTransitions, variant.status as VariantStatus, 'rendering')
    const faults = copyFaults(texts, input)
    if (faults.length > 0) throw invalid(faults)
    await reopenCampaign(db, campaign)
    const end_card = input.end_card === undefined ? texts.end_card : input.end_card
    const changed = { ...texts, overlays: [...input.overlays], end_card } as unknown as Json
    await db
      .updateTable('variants')
      .set({ texts: json(changed) as never })
      .where('id', '=', id)
      .execute()
    await reopenVariant(db, id, 'rendering')
    await remakeRenditions(db, id, variant.revision + 1, new Map())
    await releaseReady(db)
    return (await findVariant(db, workspaceId, id))!
  }
}
