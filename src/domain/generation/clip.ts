/** What one model is asked for, when a campaign wants a shot: the nearest that its card offers. */
import type { ClipSpec, ModelCard } from '#src/contracts/model-card.ts'
import type { ShotSpec } from '../campaign/types.ts'

export type CardLimits = Pick<ModelCard, 'durations' | 'aspectRatios' | 'resolutions' | 'audio' | 'accepts'>

const ratio = (aspect: string): number => {
  const [width, height] = aspect.split(':').map(Number)
  return (width ?? 1) / (height ?? 1)
}
const lines = (resolution: string): number => Number.parseInt(resolution, 10)

function nearest(wanted: number, offered: readonly string[], measure: (value: string) => number): string | undefined {
  const distance = (value: string) => Math.abs(Math.log(measure(value) / wanted))
  return offered.toSorted((a, b) => distance(a) - distance(b))[0]
}

/** The ratio that needs the least crop. */
export const nearestAspect = (wanted: string, offered: readonly string[]): string =>
  offered.includes(wanted) ? wanted : (nearest(ratio(wanted), offered, ratio) ?? wanted)

/** The same or the next larger; the largest when there is none. */
export function nearestResolution(wanted: string, offered: readonly string[]): string {
  const sorted = offered.toSorted((a, b) => lines(a) - lines(b))
  return sorted.find((value) => lines(value) >= lines(wanted)) ?? sorted.at(-1) ?? wanted
}

/** Rounded up, and trimmed when the clip is composed; the longest when the model makes none that long. */
export function nearestSeconds(wanted: number, durations: ModelCard['durations']): number {
  if ('min' in durations) return Math.min(Math.max(Math.ceil(wanted), durations.min), durations.max)
  const sorted = durations.values.toSorted((a, b) => a - b)
  return sorted.find((value) => value >= wanted) ?? sorted.at(-1) ?? wanted
}

/** @param reference where the provider may read the reference image */
export function clipFor(shot: ShotSpec, card: CardLimits, reference?: ClipSpec['reference']): ClipSpec {
  return {
    prompt: shot.prompt,
    seconds: nearestSeconds(shot.seconds, card.durations),
    aspectRatio: nearestAspect(shot.aspect_ratio, card.aspectRatios),
    resolution: nearestResolution(shot.resolution, card.resolutions),
    audio: card.audio === 'always' || (shot.audio && card.audio === 'optional'),
    ...(shot.seed !== null && card.accepts.includes('seed') ? { seed: shot.seed } : {}),
    ...(reference ? { reference } : {}),
  }
}
