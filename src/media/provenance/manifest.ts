/** What is signed into a file, as the C2PA library takes it (C2PA 2.x, "Actions", "Ingredients"). Pure. */
import { digitalSourceTypes, type ProvenanceClaim, type ProvenanceClip } from '#src/contracts/provenance.ts'
import { generator } from './generator.ts'

/** Our own assertion: what no standard one has a place for. */
export const compositionLabel = 'spotsmith.composition'

export interface CompositionAssertion {
  readonly campaign_id: string
  readonly disclosure: ProvenanceClaim['disclosure']
  readonly clips: readonly ProvenanceClip[]
}

const clipId = (index: number): string => `clip-${index + 1}`

/** The first clip is what the video was made from; further ones were placed into it. */
export const ingredientOf = ({ provider, model }: ProvenanceClip, index: number) => ({
  title: `Clip ${index + 1}, made with ${model} of ${provider}`,
  format: 'video/mp4',
  relationship: index === 0 ? 'parentOf' : 'componentOf',
  label: clipId(index),
})

const agentOf = ({ provider, model }: ProvenanceClip) => ({ name: model, 'spotsmith.provider': provider })

const sourceOf = (claim: ProvenanceClaim): string =>
  claim.digitalSourceType === digitalSourceTypes.algorithmic ? digitalSourceTypes.algorithmic : digitalSourceTypes.trained

function actionsOf(claim: ProvenanceClaim, format: string) {
  const { clips, digitalSourceType } = claim
  const used = clips.map((clip, index) => ({
    action: index === 0 ? 'c2pa.opened' : 'c2pa.placed',
    softwareAgent: agentOf(clip),
    digitalSourceType: sourceOf(claim),
    parameters: { ingredientIds: [clipId(index)] },
  }))
  const ours = { softwareAgent: generator }
  const last = format.startsWith('video/') ? 'c2pa.transcoded' : 'c2pa.converted'
  const description = 'Copy, images and an end card composed over the clip.'
  return [...used, { action: 'c2pa.edited', digitalSourceType, description, ...ours }, { action: last, ...ours }]
}

/** @param format media type of the file */
export function manifestDefinition(claim: ProvenanceClaim, format: string) {
  const composition: CompositionAssertion = {
    campaign_id: claim.campaignId,
    disclosure: claim.disclosure,
    clips: claim.clips,
  }
  return {
    claim_generator_info: [generator],
    title: claim.title,
    format,
    assertions: [
      { label: 'c2pa.actions.v2', data: { actions: actionsOf(claim, format) }, created: true },
      { label: compositionLabel, data: composition, created: true },
    ],
  }
}
