/** When each part of a finished video begins and ends, in whole frames, so that lengths add up exactly. */
import type { Composition } from '#src/contracts/composition.ts'
import { framesIn, rateOf, secondsIn, type Rate } from './graph-text.ts'

/** The end card blends in over its own first seconds; the last clip's picture goes on under it for as long. */
const crossfadeSeconds = 0.4

export interface Timeline {
  readonly rate: Rate
  /** Frames of each clip; the last one includes the crossfade. */
  readonly clips: readonly number[]
  /** Where the end card begins, which is the sum of the clips' seconds. */
  readonly body: number
  readonly card: number
  readonly crossfade: number
  readonly total: number
  readonly bodySeconds: number
  readonly totalSeconds: number
}

/** Rounds places in time, not lengths: ten clips of a third of a second do not add up ten errors. */
export function timelineOf({ clips, endCard, format }: Pick<Composition, 'clips' | 'endCard' | 'format'>): Timeline {
  const rate = rateOf(format.fps)
  const ends: number[] = []
  let seconds = 0
  for (const clip of clips) ends.push(framesIn((seconds += clip.seconds), rate))
  const body = ends.at(-1) ?? 0
  const total = framesIn(seconds + (endCard?.seconds ?? 0), rate)
  const card = total - body
  const crossfade = Math.min(framesIn(crossfadeSeconds, rate), card)
  const lengths = ends.map((end, index) => end - (ends[index - 1] ?? 0) + (index === ends.length - 1 ? crossfade : 0))
  return {
    rate,
    clips: lengths,
    body,
    card,
    crossfade,
    total,
    bodySeconds: secondsIn(body, rate),
    totalSeconds: secondsIn(total, rate),
  }
}
