/** What a finished file says about itself to machines, and what a reader finds out about a file. Data only. */

export const disclosureKinds = ['ai_generated', 'ai_modified', 'none'] as const
/** What people are told: `none` means that the visible label is off; the marks for machines stay. */
export type DisclosureKind = (typeof disclosureKinds)[number]

const newsCodes = 'http://cv.iptc.org/newscodes/digitalsourcetype'
/** IPTC's words for where a picture comes from; platforms look for the end, "…lgorithmicMedia". */
export const digitalSourceTypes = {
  /** People's copy and logos over a clip of a trained model. */
  composite: `${newsCodes}/compositeWithTrainedAlgorithmicMedia`,
  /** A clip of a trained model alone. */
  trained: `${newsCodes}/trainedAlgorithmicMedia`,
  /** Drawn by an algorithm that was not trained: the built-in storyboard. */
  algorithmic: `${newsCodes}/algorithmicMedia`,
} as const

export interface ProvenanceClip {
  readonly sha256: string
  readonly provider: string
  readonly model: string
}

/**
 * What is signed into a file beside its hash. Nothing personal and no name of a customer's: a file travels, and whoever
 * has it can read this.
 */
export interface ProvenanceClaim {
  readonly title: string
  readonly disclosure: DisclosureKind
  readonly digitalSourceType: string
  /** The clips that were composed, in order. */
  readonly clips: readonly ProvenanceClip[]
  /** The campaign that the file was made for first; equal renditions of other campaigns share the file. */
  readonly campaignId: string
}

/** Who signs, as far as it can be told to anyone. */
export interface SigningIdentity {
  /** `development`: by a certificate that this installation made for itself, which nobody else has a reason to trust. */
  readonly status: 'signed' | 'development'
  readonly organization: string | null
  readonly common_name: string | null
  /** hex, of the signing certificate */
  readonly certificate_sha256: string
  readonly not_after: string
  readonly timestamped: boolean
}

/** A vendor's own manifest, found in a clip and kept as an ingredient. */
export interface VendorManifest {
  readonly clip_sha256: string
  readonly claim_generator: string | null
  readonly signer: string | null
  /** Whether it was intact in the clip as it came. */
  readonly valid: boolean
}

/** What signing left in the three files of a rendition. */
export interface SignedFiles {
  /** Labels of the files' manifests, by which a file is found again. */
  readonly manifests: { readonly video: string; readonly poster: string; readonly preview: string }
  readonly vendor_manifests: readonly VendorManifest[]
}

/** What is kept with a rendition of how people are told (renditions.disclosure). */
export interface Disclosure {
  readonly kind: DisclosureKind
  /** The text that is seen, for the whole duration; null: the label is off. */
  readonly label: string | null
  readonly style: 'text' | 'icon'
  /** Why it is off. */
  readonly reason: string | null
}

/** A clip of a rendition, and where it comes from. */
export interface ClipSource {
  readonly generation_id: string
  readonly attempt_id: string | null
  readonly sha256: string
  /** "provider/model" */
  readonly model: string
  /** sha256 of the prompt as it was sent. */
  readonly prompt_sha256: string
  /** What the model's vendor says of an invisible watermark of its own; null: nothing is known. */
  readonly vendor_watermark: string | null
}

/** What is kept with a rendition of where it comes from (renditions.provenance). */
export interface Provenance {
  /** `unsigned` until the files are made. */
  readonly status: 'unsigned' | SigningIdentity['status']
  readonly signer: SigningIdentity | null
  readonly digital_source_type: string
  /** Label of the video's manifest. */
  readonly manifest_id: string | null
  /** Of all files of the rendition: a file that is verified is found by it. */
  readonly manifest_ids: readonly string[]
  readonly vendor_manifests: readonly VendorManifest[]
  readonly clips: readonly ClipSource[]
  /** Spotsmith adds no invisible watermark: there is none that works without another service. */
  readonly watermark: 'none'
}

export const verificationStatuses = ['valid', 'invalid', 'no_manifest', 'unreadable'] as const

/** What can be said of any file by reading it, without asking anyone. */
export interface FileVerification {
  readonly status: (typeof verificationStatuses)[number]
  /** Whether the signer's certificate leads to one of the trusted certificates. */
  readonly trusted: boolean
  /** One sentence for people. */
  readonly summary: string
  readonly manifest_id: string | null
  readonly title: string | null
  readonly claim_generator: string | null
  readonly signed_by: {
    readonly organization: string | null
    readonly common_name: string | null
    readonly algorithm: string | null
    readonly serial_number: string | null
    /** The time-stamp's, where there is one. */
    readonly signed_at: string | null
  } | null
  readonly digital_source_type: string | null
  readonly disclosure: string | null
  /** As written into the manifest when the file was made. */
  readonly campaign_id: string | null
  readonly models: readonly { readonly provider: string; readonly model: string }[]
  readonly ingredients: readonly {
    readonly title: string | null
    readonly claim_generator: string | null
    readonly signed_by: string | null
    readonly valid: boolean | null
  }[]
  /** What is broken. */
  readonly faults: readonly { readonly code: string; readonly message: string }[]
}
