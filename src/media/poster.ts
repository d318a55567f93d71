/** Which moments of a finished video are looked at: one for the poster, and one at which each overlay can be seen. */
import { motionLength } from './graph-motion.ts'
import { framesIn, secondsIn } from './graph-text.ts'
import type { Timeline } from './graph-timeline.ts'
import type { PlacedLayer } from './graph-video.ts'

/** At rest: its enter is over, its exit has not begun. */
function atRest(layer: PlacedLayer, seconds: number): boolean {
  const length = motionLength(layer)
  const from = layer.from + (layer.enter === 'none' ? 0 : length)
  const to = layer.to - (layer.exit === 'none' ? 0 : length)
  return seconds >= from && seconds < to
}

const area = ({ width, height }: PlacedLayer): number => width * height

/** The last whole frame before the end card is the latest that shows the clip alone. */
function candidates(timeline: Timeline): readonly number[] {
  const step = Math.max(1, Math.round(timeline.body / 60))
  const frames: number[] = []
  for (let frame = 0; frame < timeline.body; frame += step) frames.push(frame)
  return frames
}

/**
 * The frame with the most overlays at rest, before the end card; of several the one nearest to the middle of that
 * stretch, where clips look their best. Larger overlays break ties between different sets.
 */
export function posterFrame(layers: readonly PlacedLayer[], timeline: Timeline): number {
  const score = (frame: number): number => {
    const shown = layers.filter((layer) => atRest(layer, secondsIn(frame, timeline.rate)))
    return shown.length + shown.reduce((sum, layer) => sum + area(layer), 0) / 1e9
  }
  const frames = candidates(timeline)
  const best = Math.max(...frames.map(score))
  const stretch = frames.filter((frame) => score(frame) === best)
  return stretch[Math.floor(stretch.length / 2)] ?? 0
}

/** For each layer the frame at which it is checked: the poster's where it is at rest there, else the middle of its rest. */
export function checkFrames(layers: readonly PlacedLayer[], timeline: Timeline, poster: number): readonly number[] {
  const { rate, body } = timeline
  return layers.map((layer) => {
    if (atRest(layer, secondsIn(poster, rate))) return poster
    const middle = Math.floor((framesIn(layer.from, rate) + Math.min(framesIn(layer.to, rate), body)) / 2)
    return Math.max(0, Math.min(middle, timeline.total - 1))
  })
}
