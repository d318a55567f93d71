/** What one model is asked for when it cannot make exactly what a shot wants. */
import type { ClipSpec, ModelCard } from '#src/contracts/model-card.ts'
import type { ShotSpec } from '../campaign/types.ts'

export interface ClipChange {
  readonly code: 'aspect_ratio_changed' | 'seconds_changed' | 'resolution_changed' | 'audio_missing' | 'seed_ignored'
  readonly message: string
}

export type ClipFit =
  /** `clip` is complete but for the link to the reference image, which is made at submission. */
  | { readonly status: 'fits'; readonly clip: ClipSpec; readonly changes: readonly ClipChange[] }
  | { readonly status: 'impossible'; readonly code: string; readonly message: string }

const ratio = (aspect: string): number => {
  const [width = 1, height = 1] = aspect.split(':').map(Number)
  return width / height
}

/** The ratio that loses least when it is cropped to the wanted one. */
function nearestAspect(wanted: string, offered: readonly string[]): string {
  const distance = (aspect: string) => Math.abs(Math.log(ratio(aspect) / ratio(wanted)))
  return offered.toSorted((a, b) => distance(a) - distance(b))[0] ?? wanted
}

/** Rounded up, for a longer clip can be trimmed; undefined when the model makes no clip that long. */
function secondsOffered(wanted: number, durations: ModelCard['durations']): number | undefined {
  if ('values' in durations) return durations.values.toSorted((a, b) => a - b).find((seconds) => seconds >= wanted)
  if (wanted > durations.max) return undefined
  return Math.max(durations.min, Math.min(Math.ceil(wanted), durations.max))
}

const lines = (resolution: string): number => Number.parseInt(resolution, 10)

/** The next better one, else the best. */
function resolutionOffered(wanted: string, offered: readonly string[]): string {
  const sorted = offered.toSorted((a, b) => lines(a) - lines(b))
  return sorted.find((resolution) => lines(resolution) >= lines(wanted)) ?? sorted.at(-1) ?? wanted
}

function changesOf(spec: ShotSpec, clip: ClipSpec, card: ModelCard): ClipChange[] {
  const found: (ClipChange | false)[] = [
    clip.aspectRatio !== spec.aspect_ratio && {
      code: 'aspect_ratio_changed',
      message: `${card.id} has no ${spec.aspect_ratio}; ${clip.aspectRatio} is asked for and cropped.`,
    },
    clip.seconds !== spec.seconds && {
      code: 'seconds_changed',
      message: `${card.id} makes no clip of ${spec.seconds} s; ${clip.seconds} s are asked for and trimmed.`,
    },
    clip.resolution !== spec.resolution && {
      code: 'resolution_changed',
      message: `${card.id} has no ${spec.resolution}; ${clip.resolution} is asked for.`,
    },
    spec.audio && card.audio === 'never' && { code: 'audio_missing', message: `${card.id} makes no sound; the clip is silent.` },
    spec.seed !== null && clip.seed === undefined && { code: 'seed_ignored', message: `${card.id} takes no seed.` },
  ]
  return found.filter((change) => change !== false)
}

/** A model that always answers a seed with the same clip has to be asked with another one for another take. */
function seedOf({ seed, take }: ShotSpec): number | undefined {
  if (seed !== null) return seed + take - 1
  return take > 1 ? take : undefined
}

/** The nearest that a model can make: least crop, seconds rounded up. A reference image cannot be left out. */
export function fitClip(spec: ShotSpec, card: ModelCard): ClipFit {
  const seconds = secondsOffered(spec.seconds, card.durations)
  if (seconds === undefined) {
    const message = `${card.id} makes no clip of ${spec.seconds} s. Shorten clip.seconds, or choose another model.`
    return { status: 'impossible', code: 'clip_too_long', message }
  }
  if (spec.reference_sha256 !== null && !card.accepts.includes('first_frame') && !card.accepts.includes('references')) {
    const message = `${card.id} takes no reference image. Remove clip.reference_media_id, or choose another model.`
    return { status: 'impossible', code: 'reference_not_accepted', message }
  }
  const seed = seedOf(spec)
  const clip: ClipSpec = {
    prompt: spec.prompt,
    seconds,
    aspectRatio: card.aspectRatios.includes(spec.aspect_ratio)
      ? spec.aspect_ratio
      : nearestAspect(spec.aspect_ratio, card.aspectRatios),
    resolution: card.resolutions.includes(spec.resolution)
      ? spec.resolution
      : resolutionOffered(spec.resolution, card.resolutions),
    audio: card.audio === 'always' || (spec.audio && card.audio === 'optional'),
    ...(seed !== undefined && card.accepts.includes('seed') && { seed }),
  }
  return { status: 'fits', clip, changes: changesOf(spec, clip, card) }
}
