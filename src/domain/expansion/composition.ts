/** From a plan and one variant's texts to what a rendition is made from. Plan, preview and the compose worker use the same. */
import type { Composition, ImageOverlay, OutputFormat, Overlay } from '#src/contracts/composition.ts'
import type { PlanContext, VariantTexts } from '../campaign/types.ts'
import type { Format } from '../format/rules.ts'
import type { TemplateOverlay } from '../template/rules.ts'

export interface CompositionParts {
  readonly context: PlanContext
  readonly texts: VariantTexts
  readonly locale: string
  /** Id of one of the context's formats. */
  readonly format: string
  /** One a scene; where no clip exists yet, any sha256 stands for it: only the seconds decide the layout. */
  readonly clips: readonly { readonly sha256: string; readonly seconds: number }[]
}

/** The media behind an id of the plan. @throws Error for an id that the plan did not copy: a defect, not bad input */
function mediaOf(context: PlanContext, id: string): PlanContext['media'][string] {
  const media = context.media[id]
  if (!media) throw new Error(`The plan has no media "${id}".`)
  return media
}

function outputFormat(format: Format): OutputFormat {
  const { id, width, height, fps, safe_zone_px, video_kbps, constant_bitrate, loudness_lufs } = format
  const { button_allowed, mirror_for_rtl, max_megabytes } = format
  const encoding = { video_kbps: withoutUndefined(video_kbps), constant_bitrate, loudness_lufs, max_megabytes }
  return { id, width, height, fps, safe_zone_px, ...encoding, button_allowed, mirror_for_rtl }
}

/** An absent limit must not become a present `undefined`: the composition is JSON and has a digest. */
function withoutUndefined(limits: Format['video_kbps']): OutputFormat['video_kbps'] {
  if (!limits) return null
  const { min, target, max } = limits
  return { ...(min !== undefined && { min }), ...(target !== undefined && { target }), ...(max !== undefined && { max }) }
}

/**
 * Which of the template's overlays a variant shows, in order: one whose text or image is empty is left out.
 * The composition's overlay n is the template's overlay `shownOverlays(…)[n]`.
 */
export function shownOverlays(texts: VariantTexts): number[] {
  return texts.overlays.flatMap((text, index) => (text?.trim() || texts.images[index] ? [index] : []))
}

function overlayOf(overlay: TemplateOverlay, index: number, { context, texts }: CompositionParts): Overlay {
  const { offset, from, enter, exit, anchor } = overlay
  const timed = { anchor, offset, from, to: overlay.to ?? context.template.clip.seconds, enter, exit }
  if (overlay.kind === 'image') return { kind: 'image', ...imageOf(overlay, texts.images[index], context), ...timed }
  const text = texts.overlays[index] ?? ''
  return overlay.kind === 'button' ? { kind: 'button', text, ...timed } : { kind: 'text', text, style: overlay.style, ...timed }
}

const imageOf = (
  { width }: { width: number },
  id: string | null | undefined,
  context: PlanContext,
): Pick<ImageOverlay, 'image' | 'width'> => ({ image: mediaOf(context, id ?? '').sha256, width })

function audioOf({ template, ...context }: PlanContext): Composition['audio'] {
  const { audio } = template.clip
  if (audio === 'none') return { kind: 'none' }
  if (audio === 'model') return { kind: 'clip' }
  return { kind: 'track', sha256: mediaOf({ template, ...context }, audio.media_id).sha256 }
}

function endCardOf({ context, texts }: CompositionParts): Composition['endCard'] {
  const card = context.template.end_card
  if (!card) return null
  const logo = card.logo_media_id === null ? null : mediaOf(context, card.logo_media_id).sha256
  return { seconds: card.seconds, background: card.background, text: texts.end_card ?? '', logo }
}

function labelOf({ context, texts }: CompositionParts): Composition['label'] {
  if (texts.label === null) return null
  return { text: texts.label, ...(context.template.disclosure.style === 'icon' && { icon: true as const }) }
}

/** A font is a family that ships with the service, or an uploaded file, then named by its sha256. */
function brandOf(context: PlanContext): Composition['brand'] {
  const { fonts, colors } = context.template.brand
  const font = (name: string) => (isMediaId(name) ? mediaOf(context, name).sha256 : name)
  return { fonts: { headline: font(fonts.headline), body: font(fonts.body) }, colors }
}

const isMediaId = (name: string): boolean => name.startsWith('med_')

/** Complete and deterministic: equal parts give an equal composition, so that its digest can be the rendition key. */
export function compositionOf(parts: CompositionParts): Composition {
  const { context, texts, locale, clips } = parts
  const format = context.formats[parts.format]
  if (!format) throw new Error(`The plan has no format "${parts.format}".`)
  return {
    format: outputFormat(format),
    locale,
    clips: clips.map(({ sha256, seconds }) => ({ sha256, seconds })),
    audio: audioOf(context),
    overlays: shownOverlays(texts).map((index) => overlayOf(context.template.overlays[index]!, index, parts)),
    endCard: endCardOf(parts),
    label: labelOf(parts),
    brand: brandOf(context),
  }
}

/** The uploaded files that a composition needs beside its clips, each once. */
export function assetsOf({ context, texts }: Pick<CompositionParts, 'context' | 'texts'>): PlanContext['media'][string][] {
  const { clip, end_card: card, brand } = context.template
  const fonts = Object.values(brand.fonts).filter(isMediaId)
  const ids = [...fonts, ...texts.images, card?.logo_media_id, typeof clip.audio === 'object' ? clip.audio.media_id : null]
  return [...new Set(ids)].flatMap((id) => (typeof id === 'string' ? [mediaOf(context, id)] : []))
}
