/** What a template must be, so that whatever it is filled with cannot break a promise later. Source: the API's "The template". */
import { shippedFontFamilies } from '#src/contracts/font-families.ts'
import type { Fault } from '#src/errors.ts'
import type { Format } from '../format/rules.ts'
import { checkDisclosure } from './disclosure.ts'
import { faultsOf, unstorableTexts } from './faults.ts'
import { templateSchema, type Template } from './schema.ts'
import { checkTexts } from './texts.ts'
import { checkVariables } from './variables.ts'

export { templateSchema, variableSchema } from './schema.ts'
export type { LocaleText, Template, TemplateInput, TemplateOverlay, Variable } from './schema.ts'

export type CheckedTemplate = { readonly template: Template } | { readonly errors: readonly Fault[] }

/**
 * Checks a template as a caller wrote it and fills in the defaults.
 * @param input anything
 * @param options.formats every format of the workspace by id
 * @param options.pointer where the template is in the body, e.g. "/template"
 * @returns the template, or every fault of it at once
 */
export function checkTemplate(
  input: unknown,
  { formats, pointer = '' }: { formats: ReadonlyMap<string, Format>; pointer?: string },
): CheckedTemplate {
  const unstorable = unstorableTexts(input, pointer)
  if (unstorable.length > 0) return { errors: unstorable }
  const parsed = templateSchema.safeParse(input)
  if (!parsed.success) return { errors: faultsOf(parsed.error, pointer) }
  const template = parsed.data
  const faults = [
    ...checkVariables(template.variables),
    ...checkTexts(template),
    ...checkOverlays(template),
    ...checkFormats(template, formats),
    ...checkDisclosure(template),
    ...fontFaults(template.brand.fonts, '/brand/fonts'),
  ]
  if (faults.length === 0) return { template }
  return { errors: faults.map((fault) => ({ ...fault, pointer: pointer + fault.pointer })) }
}

/** Seconds of the finished video: the crossfade into the end card shares time of neither. */
export const totalSeconds = (template: Pick<Template, 'clip' | 'end_card'>): number =>
  template.clip.seconds + (template.end_card?.seconds ?? 0)

function checkOverlays({ overlays, clip, variables }: Template): Fault[] {
  return overlays.flatMap((overlay, index) => {
    const pointer = `/overlays/${index}`
    const to = overlay.to ?? clip.seconds
    const faults: Fault[] = []
    if (to > clip.seconds) {
      faults.push({
        pointer: `${pointer}/to`,
        code: 'outside_video',
        message: `The overlay ends at ${to} s, the clip at ${clip.seconds} s.`,
      })
    }
    if (overlay.from >= to) {
      faults.push({
        pointer: `${pointer}/from`,
        code: 'outside_video',
        message: `The overlay begins at ${overlay.from} s, not before its end at ${to} s.`,
      })
    }
    return overlay.kind === 'image' ? [...faults, ...imageFaults(overlay, pointer, variables)] : faults
  })
}

type ImageOverlay = Extract<Template['overlays'][number], { kind: 'image' }>

function imageFaults(overlay: ImageOverlay, pointer: string, variables: Template['variables']): Fault[] {
  if ((overlay.media_id === undefined) === (overlay.variable === undefined)) {
    return [{ pointer, code: 'image_missing', message: 'An image overlay needs either "media_id" or "variable", and not both.' }]
  }
  if (overlay.variable === undefined) return []
  const variable = variables.find((v) => v.name === overlay.variable)
  if (variable?.type === 'image' && variable.use.includes('overlay')) return []
  return [
    {
      pointer: `${pointer}/variable`,
      code: 'unknown_variable',
      message: `"${overlay.variable}" is no variable of type image for overlays.`,
    },
  ]
}

function checkFormats(template: Template, formats: ReadonlyMap<string, Format>): Fault[] {
  return template.formats.flatMap((id, index): Fault[] => {
    const pointer = `/formats/${index}`
    const format = formats.get(id)
    if (!format)
      return [
        { pointer, code: 'unknown_format', message: `There is no format "${id}". There are: ${[...formats.keys()].join(', ')}.` },
      ]
    if (template.formats.indexOf(id) < index)
      return [{ pointer, code: 'duplicate_format', message: `The format "${id}" is listed twice.` }]
    const message = durationProblem(format, totalSeconds(template))
    return message === undefined ? [] : [{ pointer, code: 'duration_not_allowed', message }]
  })
}

/** Why a video of this length cannot run in a format; undefined when it can. */
export function durationProblem(format: Format, seconds: number): string | undefined {
  const near = (a: number) => Math.abs(a - seconds) < 0.001
  if (format.exact_seconds && !format.exact_seconds.some(near)) {
    return `"${format.id}" takes videos of exactly ${format.exact_seconds.join(', ')} s; clip and end card together are ${seconds} s.`
  }
  if (format.seconds && (seconds < format.seconds.min || seconds > format.seconds.max)) {
    return `"${format.id}" takes videos of ${format.seconds.min} to ${format.seconds.max} s; clip and end card together are ${seconds} s.`
  }
  return undefined
}

/** Fonts by name that do not ship. */
export function fontFaults(fonts: Template['brand']['fonts'], pointer: string): Fault[] {
  return Object.entries(fonts).flatMap(([part, font]) => {
    if (isMediaId(font) || (shippedFontFamilies as readonly string[]).includes(font)) return []
    const message = `There is no font "${font}". There are ${shippedFontFamilies.join(' and ')}, and uploaded ones ("med_…").`
    return [{ pointer: `${pointer}/${part}`, code: 'unknown_font', message }]
  })
}

export const isMediaId = (text: string): boolean => text.startsWith('med_')

export interface MediaReference {
  readonly id: string
  readonly pointer: string
  readonly kinds: readonly ('image' | 'audio' | 'font')[]
}

/** Every media that a template names, and what kind it must be. Whether it exists is the service's question. */
export function mediaReferences(template: Template): MediaReference[] {
  const { clip, end_card: card } = template
  const found: (MediaReference | false)[] = [
    clip.reference_media_id !== null && { id: clip.reference_media_id, pointer: '/clip/reference_media_id', kinds: ['image'] },
    typeof clip.audio === 'object' && { id: clip.audio.media_id, pointer: '/clip/audio/media_id', kinds: ['audio'] },
    typeof card?.logo_media_id === 'string' && { id: card.logo_media_id, pointer: '/end_card/logo_media_id', kinds: ['image'] },
    ...template.overlays.map(
      (overlay, i): MediaReference | false =>
        overlay.kind === 'image' &&
        overlay.media_id !== undefined && { id: overlay.media_id, pointer: `/overlays/${i}/media_id`, kinds: ['image'] },
    ),
    ...template.variables.map(
      (variable, i): MediaReference | false =>
        variable.type === 'image' &&
        variable.default !== undefined && { id: variable.default, pointer: `/variables/${i}/default`, kinds: ['image'] },
    ),
  ]
  const fonts = Object.entries(template.brand.fonts)
    .filter(([, font]) => isMediaId(font))
    .map(([part, id]): MediaReference => ({ id, pointer: `/brand/fonts/${part}`, kinds: ['font'] }))
  return [...found.filter((reference) => reference !== false), ...fonts]
}
