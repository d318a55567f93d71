/** The Liquid texts of a template: where they are, and what may stand in them. */
import type { Fault } from '#src/errors.ts'
import { compile, explain, type CompiledText, type Values } from '../expansion/liquid.ts'
import type { LocaleText, Template, Variable } from './schema.ts'

interface Place {
  readonly pointer: string
  readonly source: string
  readonly use: 'prompt' | 'overlay'
  readonly locale: string
}

/** Facts of the segment itself that a text over the video may use; a prompt may use none of them. */
const segmentFacts = ['key', 'locale']

const placesOf = (text: LocaleText, pointer: string): Place[] =>
  typeof text === 'string'
    ? [{ pointer, source: text, use: 'overlay', locale: 'en' }]
    : Object.entries(text).map(([locale, source]) => ({
        pointer: `${pointer}/${locale.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        source,
        use: 'overlay',
        locale: locale === 'default' ? 'en' : locale,
      }))

/** Every text over the video, with its pointer. */
const localeTexts = (template: Template): { text: LocaleText; pointer: string }[] => [
  ...template.overlays.flatMap((overlay, i) =>
    overlay.kind === 'image' ? [] : [{ text: overlay.text, pointer: `/overlays/${i}/text` }],
  ),
  ...(template.end_card ? [{ text: template.end_card.text, pointer: '/end_card/text' }] : []),
]

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

function localeFaults({ text, pointer }: { text: LocaleText; pointer: string }): Fault[] {
  if (typeof text === 'string') return []
  const strange = Object.keys(text).filter((locale) => locale !== 'default' && !isLocale(locale))
  const faults = strange.map((tag) => ({
    pointer: `${pointer}/${tag}`,
    code: 'unknown_locale',
    message: `"${tag}" is no locale like "es" or "es-MX".`,
  }))
  if ('default' in text) return faults
  return [
    ...faults,
    { pointer, code: 'default_missing', message: 'A text by locale needs one for "default", for all other locales.' },
  ]
}

/** Values of the right types, to try a text with before any segment is known. */
const sampleOf = {
  string: () => 'x',
  enum: (variable: Variable) => (variable.type === 'enum' ? variable.values[0] : undefined),
  number: (variable: Variable) =>
    variable.type === 'number' ? Math.min(Math.max(1, variable.min ?? 1), variable.max ?? Infinity) : undefined,
  boolean: () => true,
  image: () => 'med_sample',
} satisfies Record<Variable['type'], (variable: Variable) => unknown>

const sampleValue = (variable: Variable): unknown => variable.default ?? sampleOf[variable.type](variable)

function sampleValues(variables: readonly Variable[], use: Place['use']): Values {
  const shown = variables.filter((variable) => variable.use.includes(use))
  const values = Object.fromEntries(shown.map((variable) => [variable.name, sampleValue(variable)]))
  return use === 'prompt' ? values : { ...values, segment: { key: 'segment-1', locale: 'en' } }
}

function useFault(
  path: readonly (string | null)[],
  place: Place,
  variables: readonly Variable[],
): Omit<Fault, 'pointer'> | undefined {
  const [root, ...rest] = path
  const written = path.map((part) => part ?? '…').join('.')
  if (root === 'segment') {
    if (place.use === 'prompt')
      return { code: 'segment_in_prompt', message: `"${written}" names a person's row and must not enter a prompt.` }
    if (rest.length === 1 && segmentFacts.includes(rest[0] ?? '')) return undefined
    return {
      code: 'unknown_variable',
      message: `There is no "${written}"; a segment has ${segmentFacts.map((f) => `segment.${f}`).join(' and ')}.`,
    }
  }
  const variable = variables.find((v) => v.name === root)
  if (!variable) return { code: 'unknown_variable', message: `The variable "${written}" is not declared in "variables".` }
  if (rest.length > 0) return { code: 'unknown_variable', message: `"${written}" does not exist: "${root}" has no parts.` }
  if (variable.use.includes(place.use)) return undefined
  return place.use === 'prompt'
    ? promptFault(variable)
    : { code: 'not_for_overlays', message: `"${root}" is for prompts only; add "overlay" to its "use".` }
}

function promptFault(variable: Variable): Omit<Fault, 'pointer'> {
  if (variable.personal) {
    return {
      code: 'personal_in_prompt',
      message: `"${variable.name}" is personal and must not enter a prompt; say it in an overlay.`,
    }
  }
  if (variable.type === 'string') {
    return {
      code: 'free_text_in_prompt',
      message: `"${variable.name}" is free text; make it an enum, or set allow_free_text and add "prompt" to its "use".`,
    }
  }
  return { code: 'not_for_prompts', message: `"${variable.name}" is not for prompts; add "prompt" to its "use".` }
}

function compileFaults(place: Place, compiled: CompiledText, template: Template): Omit<Fault, 'pointer'>[] {
  const unique = new Map(compiled.uses.map((path) => [JSON.stringify(path), path]))
  const faults = [...unique.values()].flatMap((path) => useFault(path, place, template.variables) ?? [])
  if (faults.length > 0) return faults
  try {
    compiled.render(sampleValues(template.variables, place.use), place.locale)
    return []
  } catch (error) {
    return [explain(error)]
  }
}

function placeFaults(place: Place, template: Template): Fault[] {
  try {
    return compileFaults(place, compile(place.source), template).map((fault) => ({ pointer: place.pointer, ...fault }))
  } catch (error) {
    return [{ pointer: place.pointer, ...explain(error) }]
  }
}

/**
 * Parses every text, follows its variables through assign, capture and loops, and renders it once with sample values
 * that hold only what that place may see: the limits on endless loops count there too.
 */
export function checkTexts(template: Template): Fault[] {
  const texts = localeTexts(template)
  const locales = texts.flatMap(localeFaults)
  if (locales.length > 0) return locales
  const prompt: Place = { pointer: '/clip/prompt', source: template.clip.prompt, use: 'prompt', locale: 'en' }
  return [prompt, ...texts.flatMap(({ text, pointer }) => placesOf(text, pointer))].flatMap((place) =>
    placeFaults(place, template),
  )
}
