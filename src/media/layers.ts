/** What drawing hands to the filter graph: raw pictures with a place and a time. */
import type { LayoutFinding, Motion } from '#src/contracts/composition.ts'

/** The AI label's number where an overlay's index is expected. */
export const labelIndex = -2
/** The end card's number where an overlay's index is expected. */
export const endCardIndex = -1

/** One picture over the clip, cropped to what is drawn; its sides and its place are even, for 4:2:0 video. */
export interface Layer {
  /** Index into the composition's overlays; -2 is the AI label, drawn above all and over the end card too. */
  readonly overlay: number
  /** Place of the left upper corner at rest, pixels of the frame; the picture never leaves the frame at rest. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Straight alpha, `width * height * 4` bytes. */
  readonly rgba: Uint8Array
  /** Seconds of the finished video. */
  readonly from: number
  readonly to: number
  readonly enter: Motion
  readonly exit: Motion
}

export interface Drawing {
  /** In drawing order, the label last. */
  readonly layers: readonly Layer[]
  /** An opaque full frame (`width * height * 4` bytes), or null without an end card. */
  readonly endCard: Uint8Array | null
  readonly findings: readonly LayoutFinding[]
}
