/** What a rendition's files are to say about themselves, and what is kept of it beside them. Pure. */
import {
  type ClipSource,
  digitalSourceTypes,
  type Disclosure,
  type Provenance,
  type ProvenanceClaim,
  type SignedFiles,
  type SigningIdentity,
} from '#src/contracts/provenance.ts'

interface Parts {
  readonly clips: readonly ClipSource[]
  /** Only a rehearsal: no trained model made the clips. */
  readonly draft: boolean
  readonly disclosure: Disclosure
  readonly format: string
  readonly campaignId: string
}

const splitModel = (model: string): { provider: string; model: string } => {
  const slash = model.indexOf('/')
  return { provider: model.slice(0, slash), model: model.slice(slash + 1) }
}

export function claimOf({ clips, draft, disclosure, format, campaignId }: Parts): ProvenanceClaim {
  return {
    title: `Video ad, ${format}`,
    disclosure: disclosure.kind,
    digitalSourceType: draft ? digitalSourceTypes.algorithmic : digitalSourceTypes.composite,
    clips: clips.map(({ sha256, model }) => ({ sha256, ...splitModel(model) })),
    campaignId,
  }
}

/**
 * What of claim and signer decides the bytes, for the rendition key. Without the campaign: an equal rendition of another one
 * is reused and says for which it was made first. Development certificates are equal to each other: none proves more.
 */
export function signingPart({ title, disclosure, digitalSourceType, clips }: ProvenanceClaim, signer: SigningIdentity) {
  const { status, certificate_sha256, timestamped } = signer
  return {
    claim: { title, disclosure, digitalSourceType, clips },
    signer: status === 'development' ? status : certificate_sha256,
    timestamped,
  }
}

/** Before anything is made. */
export const unsigned = (clips: readonly ClipSource[], { digitalSourceType }: ProvenanceClaim): Provenance => ({
  status: 'unsigned',
  signer: null,
  digital_source_type: digitalSourceType,
  manifest_id: null,
  manifest_ids: [],
  vendor_manifests: [],
  clips,
  watermark: 'none',
})

/** What was signed, and by whom. */
export type SignedPart = Pick<Provenance, 'status' | 'signer' | 'manifest_id' | 'manifest_ids' | 'vendor_manifests'>

export const signedPart = ({ manifests, vendor_manifests }: SignedFiles, signer: SigningIdentity): SignedPart => ({
  status: signer.status,
  signer,
  manifest_id: manifests.video,
  manifest_ids: Object.values(manifests),
  vendor_manifests,
})
