/** From a composition and what is known of its files to filter text: pure, tested as text and by pixels. */
import type { Composition } from '#src/contracts/composition.ts'
import { audioGraph } from './graph-audio.ts'
import { timelineOf, type Timeline } from './graph-timeline.ts'
import { clampLayer, type PlacedLayer, videoGraph } from './graph-video.ts'
import type { OpenedClip } from './probe.ts'

interface GraphInput {
  readonly composition: Composition
  /** One per clip of the composition, in order. */
  readonly clips: readonly OpenedClip[]
  readonly track: { readonly path: string; readonly container: string } | null
  readonly layers: readonly PlacedLayer[]
}

export interface Graphs {
  readonly timeline: Timeline
  readonly video: string
  /** The layers that the text names `layer0…`, with the times they are shown. */
  readonly layers: readonly PlacedLayer[]
  /** @returns null where there is no sound at all */
  audio(options: { gainDb: number; measure: boolean }): string | null
}

/** Layers whose time lies outside the video are left out, and `source` says where each one came from. */
export function buildGraph<L extends PlacedLayer>(
  input: Omit<GraphInput, 'layers'> & { readonly layers: readonly L[] },
): Graphs & { readonly sources: readonly L[] } {
  const { composition, clips, track } = input
  const timeline = timelineOf(composition)
  const kept = input.layers.flatMap((source) => {
    const placed = clampLayer(source, timeline)
    return placed ? [{ source, placed }] : []
  })
  const layers = kept.map(({ placed }) => placed)
  return {
    timeline,
    layers,
    sources: kept.map(({ source }) => source),
    video: videoGraph({ composition, clips, layers, timeline }),
    audio: (options) => audioGraph({ audio: composition.audio, clips, track, timeline, ...options }),
  }
}
