/** One segment and a template → the prompt, and everything that the variant says. */
import type { Fault } from '#src/errors.ts'
import type { VariantTexts } from '../campaign/types.ts'
import { disclosureOf } from '../template/disclosure.ts'
import type { LocaleText, Template, TemplateOverlay } from '../template/schema.ts'
import { compile, explain, type CompiledText, type Values } from './liquid.ts'
import { fold, printable, promptValue, textFor } from './text.ts'
import { valuesOf, type Attributes, type VariableValue } from './values.ts'

export interface Segment {
  readonly key: string
  /** BCP 47 */
  readonly locale: string
  readonly attributes: Attributes
}

export type Expanded =
  | { readonly status: 'valid'; readonly prompt: string; readonly texts: VariantTexts }
  | { readonly status: 'invalid'; readonly errors: readonly Fault[] }

/** Prompts and locales are few in an honest audience; a dishonest one must not fill the memory. */
const maxRemembered = 10_000
const maxPromptLength = 8000
const maxTextLength = 2000

interface CompiledLocale {
  /** By overlay; null for an image. */
  readonly overlays: readonly (CompiledText | null)[]
  readonly endCard: CompiledText | null
  readonly label: string | null
}

/** @param template a checked one: its texts are known to compile */
export function createExpander(template: Template): { expand(segment: Segment): Expanded } {
  const { variables, overlays, end_card: card, disclosure } = template
  const promptText = compile(template.clip.prompt)
  const promptNames = variables.filter((variable) => variable.use.includes('prompt') && !variable.personal).map((v) => v.name)
  const overlayNames = variables.filter((variable) => variable.use.includes('overlay')).map((v) => v.name)
  const imageNames = overlays.map((overlay) => (overlay.kind === 'image' ? overlay.variable : undefined))
  const fixedImages = overlays.map((overlay) => (overlay.kind === 'image' ? (overlay.media_id ?? null) : null))

  const compileLocale = (locale: string): CompiledLocale => {
    const compiled = (text: LocaleText) => compile(textFor(text, locale))
    return {
      overlays: overlays.map((overlay: TemplateOverlay) => (overlay.kind === 'image' ? null : compiled(overlay.text))),
      endCard: card ? compiled(card.text) : null,
      label: disclosureOf(disclosure, locale).label,
    }
  }
  const textsOf = remember(compileLocale)

  /** Renders with the prompt's variables alone: whatever the Liquid says, there is nothing personal to find. Always in one
   * locale, so that a segment's language does not decide how many clips are bought. */
  const renderPrompt = (values: Values): Rendered =>
    rendered('/template/clip/prompt', maxPromptLength, () => fold(promptText.render(values, 'en')))
  const promptOf = remember((key: string) => {
    const values = JSON.parse(key) as VariableValue[]
    return renderPrompt(Object.fromEntries(promptNames.map((name, i) => [name, values[i]])))
  })

  function prompt(values: Record<string, VariableValue>): Rendered {
    const result = promptOf(JSON.stringify(promptNames.map((name) => promptValue(values[name]))))
    if ('fault' in result || result.text !== '') return result
    return { fault: { pointer: '/template/clip/prompt', code: 'empty_prompt', message: 'The prompt is empty for this segment.' } }
  }

  function expand(segment: Segment): Expanded {
    const { values, faults } = valuesOf(variables, segment.attributes)
    if (faults.length > 0) return { status: 'invalid', errors: faults }
    const shown: Record<string, unknown> = { segment: { key: segment.key, locale: segment.locale } }
    for (const name of overlayNames) shown[name] = values[name]
    const { overlays: texts, endCard, label } = textsOf(segment.locale)
    const show = (text: CompiledText | null, pointer: string): Rendered | null =>
      text && rendered(pointer, maxTextLength, () => printable(text.render(shown, segment.locale)))
    const results = [
      prompt(values),
      show(endCard, '/template/end_card/text'),
      ...texts.map((text, i) => show(text, `/template/overlays/${i}/text`)),
    ]
    const errors = results.flatMap((result) => (result && 'fault' in result ? [result.fault] : []))
    if (errors.length > 0) return { status: 'invalid', errors }
    const [promptResult, cardText = null, ...overlayTexts] = results.map((result) =>
      result && 'text' in result ? result.text : null,
    )
    const images = fixedImages.map((fixed, i) => fixed ?? imageValue(values, imageNames[i]))
    return { status: 'valid', prompt: promptResult ?? '', texts: { overlays: overlayTexts, end_card: cardText, images, label } }
  }
  return { expand }
}

const imageValue = (values: Record<string, VariableValue>, name: string | undefined): string | null => {
  const id = name === undefined ? undefined : values[name]
  return typeof id === 'string' ? id : null
}

type Rendered = { readonly text: string } | { readonly fault: Fault }

/** What a text becomes with one segment's values, or the fault that only these values show. */
function rendered(pointer: string, maxLength: number, render: () => string): Rendered {
  try {
    const text = render()
    if (text.length <= maxLength) return { text }
    return {
      fault: {
        pointer,
        code: 'text_too_long',
        message: `The text has ${text.length} characters with these values; at most ${maxLength}.`,
      },
    }
  } catch (error) {
    return { fault: { pointer, ...explain(error) } }
  }
}

function remember<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>()
  return (key) => {
    let value = known.get(key)
    if (value === undefined) {
      if (known.size >= maxRemembered) known.clear()
      value = make(key)
      known.set(key, value)
    }
    return value
  }
}
