/** A person's variants, when their row of an audience is erased: texts, key, files and links go; the row stays for the counts. */
import type { Json } from '#src/contracts/json.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { sql } from 'kysely'
import type { Scope } from '../scope.ts'

export interface EraseDependencies {
  readonly events: {
    emitMany(
      db: Db,
      events: readonly {
        workspaceId: string
        type: 'variant.erased'
        campaignId: string
        subjectId: string
        dedupeKey: string
        data: Readonly<Record<string, Json | undefined>>
      }[],
    ): Promise<void>
  }
}

interface Erased {
  readonly id: string
  readonly campaign_id: string
  readonly revision: number
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
}

export function createErasure({ events }: EraseDependencies) {
  /**
   * Cancels the variants of a segment in every campaign on its audience, and stops their links. The objects in the store
   * are left to retention, because an equal rendition of another person may share them.
   */
  return async function eraseVariants(scope: Scope, audienceId: string, segmentKey: string): Promise<void> {
    await transaction(scope.db, async (trx) => {
      const erased = await lockVariantsOf(trx, scope.workspaceId, audienceId, segmentKey)
      const ids = erased.map((variant) => variant.id)
      if (ids.length === 0) return
      await forget(trx, ids)
      await events.emitMany(
        trx,
        erased.map(({ id, campaign_id, revision, name, metadata }) => ({
          workspaceId: scope.workspaceId,
          type: 'variant.erased' as const,
          campaignId: campaign_id,
          subjectId: id,
          dedupeKey: `variant.erased:${id}`,
          data: { variant_id: id, revision, campaign_id, campaign: { id: campaign_id, name, metadata } },
        })),
      )
    })
  }
}

async function lockVariantsOf(trx: Db, workspaceId: string, audienceId: string, segmentKey: string): Promise<Erased[]> {
  const { rows } = await sql<Erased>`
    select v.id, v.campaign_id, v.revision, c.name, c.metadata from campaigns c
    join variants v on v.campaign_id = c.id and v.segment_key = ${segmentKey}
    where c.workspace_id = ${workspaceId} and c.audience_id = ${audienceId} order by v.id for no key update of v`.execute(trx)
  return rows
}

async function forget(trx: Db, ids: readonly string[]): Promise<void> {
  await sql`
    update renditions set status = 'cancelled', lease_token = null, lease_until = null, updated_at = clock_timestamp()
    where variant_id = any(${[...ids]}) and status <> 'cancelled'`.execute(trx)
  await sql`update review_decisions set note = null where variant_id = any(${[...ids]}) and note is not null`.execute(trx)
  await sql`update files set removed_at = now() where variant_id = any(${[...ids]}) and removed_at is null`.execute(trx)
  await sql`
    update variants set status = 'cancelled', texts = '{}', error = null, segment_key = 'erased:' || id, updated_at = clock_timestamp()
    where id = any(${[...ids]})`.execute(trx)
}
