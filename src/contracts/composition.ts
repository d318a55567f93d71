/**
 * What one rendition is made from: plain JSON, complete, nothing left to resolve. Its digest is the rendition key.
 * Lengths are pixels of the output unless they say otherwise; fractions are of the frame; times are seconds.
 */
import type { SignedFiles } from './provenance.ts'

export interface Geometry {
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly safe_zone_px: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number }
}

export interface OutputFormat extends Geometry {
  readonly id: string
  readonly video_kbps: { readonly min?: number; readonly target?: number; readonly max?: number } | null
  readonly constant_bitrate: boolean
  readonly loudness_lufs: number
  readonly button_allowed: boolean
  readonly mirror_for_rtl: boolean
  readonly max_megabytes: number | null
}

export const anchors = [
  'top',
  'center',
  'bottom',
  'top_left',
  'top_right',
  'bottom_left',
  'bottom_right',
  'left',
  'right',
] as const
export type Anchor = (typeof anchors)[number]
export const motions = ['none', 'fade', 'slide_up', 'slide_down', 'slide_left', 'slide_right'] as const
export type Motion = (typeof motions)[number]
export const textStyles = ['headline', 'body', 'legal'] as const
export type TextStyle = (typeof textStyles)[number]

interface Timed {
  readonly from: number
  readonly to: number
  readonly enter: Motion
  readonly exit: Motion
}

interface Placed {
  readonly anchor: Anchor
  /** Shift from the anchored place, fractions of the frame. */
  readonly offset: { readonly x: number; readonly y: number }
}

export interface TextOverlay extends Timed, Placed {
  readonly kind: 'text'
  readonly text: string
  readonly style: TextStyle
}
export interface ButtonOverlay extends Timed, Placed {
  readonly kind: 'button'
  readonly text: string
}
export interface ImageOverlay extends Timed, Placed {
  readonly kind: 'image'
  /** sha256 of the image; the file's path is given beside the composition, so that it stays portable. */
  readonly image: string
  /** Fraction of the frame's width. */
  readonly width: number
}
export type Overlay = TextOverlay | ButtonOverlay | ImageOverlay

export interface Composition {
  readonly format: OutputFormat
  /** BCP 47; decides direction, line breaking and font choice. */
  readonly locale: string
  /** The clips in order; each is trimmed to its seconds. */
  readonly clips: readonly { readonly sha256: string; readonly seconds: number }[]
  readonly audio: { readonly kind: 'none' } | { readonly kind: 'clip' } | { readonly kind: 'track'; readonly sha256: string }
  readonly overlays: readonly Overlay[]
  readonly endCard: {
    readonly seconds: number
    readonly background: string
    readonly text: string
    /** sha256 of the logo */
    readonly logo: string | null
  } | null
  /** The visible AI label, or null when it is switched off. */
  readonly label: { readonly text: string; readonly icon?: true } | null
  readonly brand: {
    readonly fonts: { readonly headline: string; readonly body: string }
    readonly colors: { readonly text: string; readonly accent: string }
  }
}

/** Where the bytes of a composition are: sha256 → local path. */
export type AssetPaths = Readonly<Record<string, string>>

export interface ComposedFiles {
  readonly video: string
  readonly poster: string
  readonly preview: string
}

export interface ComposeResult {
  readonly seconds: number
  readonly width: number
  readonly height: number
  /** Figures of the finished file, measured after opening it again. */
  readonly qa: Readonly<Record<string, number | string | boolean>>
  /** null: signing was not asked for. */
  readonly signed: SignedFiles | null
}

/** How a text came out. `overflow` means that it did not fit at the smallest size; never drawn silently. */
export interface FittedText {
  readonly sizePx: number
  readonly lines: readonly string[]
  readonly overflow: boolean
  /** Smaller than the style's preferred size. */
  readonly shrunk: boolean
  /** Characters that no font has. */
  readonly missing: string
}

/** What a plan says about one overlay (by index; -1 is the end card, -2 the label) of one composition. */
export interface LayoutFinding {
  readonly overlay: number
  readonly code: 'text_overflow' | 'text_shrunk' | 'glyph_missing' | 'overlays_collide' | 'button_not_allowed'
  readonly message: string
}

export interface Still {
  readonly jpeg: Buffer
  readonly findings: readonly LayoutFinding[]
}

export interface ClipFacts {
  readonly seconds: number
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly hasAudio: boolean
  readonly videoCodec: string
}

export interface StoryboardSpec {
  readonly prompt: string
  readonly seconds: number
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly audio: boolean
  /** Changes the picture for an equal prompt. */
  readonly seed: number
}
