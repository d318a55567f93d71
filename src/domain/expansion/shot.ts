/** Shots: what decides a clip, and the keys by which equal ones are found. */
import type { PlanContext, ShotSpec } from '../campaign/types.ts'
import { aspectOf, type Format } from '../format/rules.ts'
import type { Template } from '../template/rules.ts'
import { digestOf } from './canonical.ts'

/** Key of a distinct clip: everything that decides it but the model. */
export const shotKey = (spec: ShotSpec): string => digestOf(spec)

/** Key of a purchase: one shot from one model. */
export const generationKey = (shot: string, model: string): string => digestOf({ shot, model })

/**
 * Which aspect ratio each format's clip has. `shared` framing buys one clip, in the first format's ratio, and the
 * other formats crop it.
 */
export function aspectsOf(template: Pick<Template, 'clip'>, formats: readonly Format[]): Record<string, string> {
  const first = formats[0]
  return Object.fromEntries(
    formats.map((format) => [format.id, aspectOf(template.clip.framing === 'shared' && first ? first : format)]),
  )
}

/** The shot of one prompt in one aspect ratio. */
export function shotOf(
  { template, media }: Pick<PlanContext, 'template' | 'media'>,
  prompt: string,
  aspectRatio: string,
): ShotSpec {
  const { clip } = template
  const reference = clip.reference_media_id
  return {
    prompt,
    seconds: clip.seconds,
    aspect_ratio: aspectRatio,
    resolution: clip.resolution,
    audio: clip.audio === 'model',
    reference_sha256: reference === null ? null : (media[reference]?.sha256 ?? null),
    seed: clip.seed,
    take: clip.take,
  }
}
