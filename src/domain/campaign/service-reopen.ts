/** A retry, a new text or another clip opens a finished campaign again. */
import { type CampaignRow, updateCampaign } from '#src/database/campaigns.ts'
import type { Db } from '#src/database/client.ts'
import { assertTransition } from '../transitions.ts'
import { campaignTransitions, type CampaignStatus } from './rules.ts'

/** Of a locked campaign. @throws conflict when it was cancelled, or never launched */
export async function reopenCampaign(db: Db, campaign: CampaignRow): Promise<void> {
  if (campaign.status === 'rendering') return
  assertTransition('campaign', campaignTransitions, campaign.status as CampaignStatus, 'rendering')
  await updateCampaign(db, campaign.id, { status: 'rendering', completed_at: null })
}
