/** What a campaign, its plan and its variants keep as JSON. */
import type { Json } from '#src/contracts/json.ts'
import type { Format } from '../format/rules.ts'
import type { Template } from '../template/rules.ts'

export interface CampaignSettings {
  readonly segment_filter: {
    readonly locale?: readonly string[]
    readonly keys?: readonly string[]
    readonly attributes?: Readonly<Record<string, readonly (string | number | boolean)[]>>
  } | null
  readonly on_invalid: 'skip' | 'fail'
  readonly formats: readonly string[]
  /** In order; the next only after a verified failure. */
  readonly models: readonly string[]
  readonly max_generations: number
  readonly max_renditions: number
  readonly review: 'none' | 'clips' | 'all'
  readonly on_uncertain: 'hold' | 'resubmit'
}

/** Everything that the variants of a plan share, copied so that later edits do not touch them (plans.context). */
export interface PlanContext {
  readonly template: Template
  readonly formats: Readonly<Record<string, Format>>
  /** Every media that the template or a segment names: id → the file behind it. */
  readonly media: Readonly<
    Record<
      string,
      { readonly sha256: string; readonly file_id: string; readonly object_key: string; readonly media_type: string }
    >
  >
  readonly models: readonly string[]
  /** Which format asks for clips of which aspect ratio. */
  readonly aspects: Readonly<Record<string, string>>
}

/** What one variant says, resolved at plan time (variants.texts). Same order as the template's overlays. */
export interface VariantTexts {
  readonly overlays: readonly (string | null)[]
  readonly end_card: string | null
  /** For image overlays: the media id. */
  readonly images: readonly (string | null)[]
  readonly label: string | null
}

/** Everything that decides a clip but the model (shots.spec, generations.spec); its digest is the shot key. */
export interface ShotSpec {
  readonly prompt: string
  readonly seconds: number
  readonly aspect_ratio: string
  readonly resolution: string
  readonly audio: boolean
  readonly reference_sha256: string | null
  readonly seed: number | null
  /** Another value asks for another clip of an equal prompt. */
  readonly take: number
}

export interface GenerationError {
  readonly code: string
  readonly message: string
  readonly billed: boolean
}

export type StoredJson = Json
