/** Another clip for a variant: its shots with the next `take`, bought within the campaign's budget. */
import { type CampaignRow, findCampaign, lockCampaign } from '#src/database/campaigns.ts'
import type { Db } from '#src/database/client.ts'
import { remakeRenditions, renditionsOf } from '#src/database/renditions.ts'
import { ensureShot } from '#src/database/reviews.ts'
import { findVariant, reopenVariant, type VariantRow } from '#src/database/variants.ts'
import type { ShotRow } from '#src/database/generations.ts'
import { notFound } from '#src/errors.ts'
import { reopenCampaign } from '../campaign/service-reopen.ts'
import type { CampaignSettings, ShotSpec } from '../campaign/types.ts'
import { shotKey } from '../expansion/shot.ts'
import { type Want, wantOf } from '../generation/service-attach.ts'
import type { NewId } from '../ids.ts'
import type { Scope } from '../scope.ts'

export interface RegenerationDependencies {
  readonly ids: NewId
  /** Points shots at live or new generations. */
  readonly attach: (db: Db, workspaceId: string, wants: readonly Want[]) => Promise<void>
  /** Renditions whose clips are all there become due. */
  readonly releaseReady: (db: Db) => Promise<boolean>
  /** The most that one clip costs with a campaign's models and policy. */
  readonly price: (spec: ShotSpec, settings: Pick<CampaignSettings, 'models' | 'on_uncertain'>) => number
}

const settingsOf = (campaign: CampaignRow) => campaign.settings as unknown as CampaignSettings

export function createRegeneration({ ids, attach, releaseReady, price }: RegenerationDependencies) {
  async function shotsOf(db: Db, variantId: string): Promise<ShotRow[]> {
    const shotIds = [...new Set((await renditionsOf(db, [variantId])).flatMap((rendition) => rendition.shot_ids))]
    if (shotIds.length === 0) return []
    return await db.selectFrom('shots').selectAll().where('id', 'in', shotIds).orderBy('id').execute()
  }

  async function lockCampaignOf({ db, workspaceId }: Scope, variantId: string): Promise<CampaignRow> {
    const variant = await findVariant(db, workspaceId, variantId)
    if (!variant) throw notFound('variant', variantId)
    return (await lockCampaign(db, workspaceId, variant.campaign_id))!
  }

  /** Of a locked campaign and variant. A take that another variant asked for already is shared. */
  async function remake({ db }: Scope, campaign: CampaignRow, variant: VariantRow): Promise<void> {
    await reopenCampaign(db, campaign)
    const replaced = new Map<string, string>()
    const wants: Want[] = []
    for (const shot of await shotsOf(db, variant.id)) {
      const old = shot.spec as unknown as ShotSpec
      const spec = { ...old, take: old.take + 1 }
      const { workspace_id, campaign_id } = shot
      const next = { id: ids('shot'), workspace_id, campaign_id, shot_key: shotKey(spec), spec }
      const id = await ensureShot(db, next)
      replaced.set(shot.id, id)
      wants.push(wantOf({ ...next, id }, settingsOf(campaign).models))
    }
    await attach(db, variant.workspace_id, wants)
    await reopenVariant(db, variant.id, 'rendering')
    await remakeRenditions(db, variant.id, variant.revision + 1, replaced)
    await releaseReady(db)
  }

  /** @throws not_found */
  async function quote({ db, workspaceId }: Scope, variantId: string) {
    const variant = await findVariant(db, workspaceId, variantId)
    if (!variant) throw notFound('variant', variantId)
    const settings = settingsOf((await findCampaign(db, workspaceId, variant.campaign_id))!)
    const clips = (await shotsOf(db, variantId)).map((shot) => {
      const spec = shot.spec as unknown as ShotSpec
      return { shot_id: shot.id, prompt: spec.prompt, seconds: spec.seconds, max_micro_usd: price(spec, settings) }
    })
    const max_micro_usd = clips.reduce((sum, clip) => sum + clip.max_micro_usd, 0)
    return { object: 'regeneration_quote' as const, variant_id: variantId, clips, max_micro_usd }
  }

  return { lockCampaignOf, remake, quote }
}
