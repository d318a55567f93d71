/**
 * What follows from the state of other rows, done in batches by the top-up: a clip may be shared by a million renditions,
 * and no answer of the API or of a provider should wait for all of them. Each pass is derived from rows alone, so a pass
 * that died is simply made again.
 */
import type { Db } from '#src/database/client.ts'
import { cancelOrphans, releaseShotsOf } from '#src/database/generations.ts'
import { endOpen, releaseReady } from '#src/database/renditions.ts'
import { changeVariants, lockOpenOfCancelled, lockStranded } from '#src/database/variants.ts'
import { nudge } from '#src/queue/top-up.ts'
import { sourcesOf } from '../transitions.ts'
import { openVariantStatuses, renditionTransitions } from './rules.ts'
import type { Settle } from './service-settle.ts'

/** Renditions that are made due in one pass. */
const releaseBatch = 5000
/** In the transaction of a clip that has just arrived: enough to start at once, not so many that the clip has to wait. */
const firstBatch = 500
/** Variants that end in one pass: each may write an event and deliveries. */
const endBatch = 500

export function createVariantSweeps({ settle }: { readonly settle: Settle }) {
  async function release(db: Db, limit: number, generationId?: string): Promise<boolean> {
    const { released, more } = await releaseReady(db, limit, generationId)
    if (released > 0) await nudge(db, 'compose')
    return more
  }

  return {
    /** For the transaction in which a clip becomes ready. */
    async releaseRenditions(db: Db, generationId: string): Promise<void> {
      await releaseShotsOf(db, generationId)
      await release(db, firstBatch, generationId)
    },

    /** Waiting renditions whose clips are all there become due. @returns whether there is more to do */
    releaseReady: (db: Db): Promise<boolean> => release(db, releaseBatch),

    /** Renditions that wait for a shot which no model could make fail, and their variants with them. */
    async failStranded(db: Db): Promise<boolean> {
      const ids = (await lockStranded(db, endBatch)).map((row) => row.id)
      await endOpen(db, ids, { status: 'failed', from: ['waiting'], onlyStranded: true })
      await settle(db, ids)
      return ids.length > 0
    },

    /** Variants and renditions of cancelled campaigns end; so do planned generations that nobody else wants. */
    async cancelRemaining(db: Db): Promise<boolean> {
      const open = await lockOpenOfCancelled(db, openVariantStatuses, endBatch)
      const ids = open.map((row) => row.id)
      await endOpen(db, ids, {
        status: 'cancelled',
        from: sourcesOf(renditionTransitions, 'cancelled').filter((s) => s !== 'ready'),
      })
      await changeVariants(
        db,
        ids.map((id) => ({ id, status: 'cancelled', error: null })),
      )
      for (const campaignId of new Set(open.map((row) => row.campaign_id))) await cancelOrphans(db, campaignId)
      return ids.length > 0
    },
  }
}
