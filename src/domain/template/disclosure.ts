/** The visible AI label of a template: what people are told, in whose words, and what it takes to leave it out. */
import { aiIcon, aiLabel, keepsAi } from '#src/contracts/ai-label.ts'
import type { Disclosure, DisclosureKind } from '#src/contracts/provenance.ts'
import type { Fault } from '#src/errors.ts'
import { textFor } from '../expansion/text.ts'
import type { LocaleText, Template } from './schema.ts'

/** `true` and `false` are the short forms. */
export const kindOf = ({ label }: Template['disclosure']): DisclosureKind =>
  label === true ? 'ai_generated' : label === false ? 'none' : label

function labelOf(disclosure: Template['disclosure'], kind: DisclosureKind, locale: string): string | null {
  if (kind === 'none') return null
  if (disclosure.style === 'icon') return aiIcon[kind]
  return disclosure.text === undefined ? aiLabel(locale, kind) : textFor(disclosure.text, locale).trim()
}

/** @param locale BCP 47 of the segment */
export function disclosureOf(disclosure: Template['disclosure'], locale: string): Disclosure {
  const kind = kindOf(disclosure)
  return { kind, label: labelOf(disclosure, kind, locale), style: disclosure.style, reason: disclosure.reason ?? null }
}

const textsIn = (text: LocaleText): { text: string; pointer: string }[] =>
  typeof text === 'string'
    ? [{ text, pointer: '/disclosure/text' }]
    : Object.entries(text).map(([locale, one]) => ({ text: one, pointer: `/disclosure/text/${locale}` }))

function textFaults({ text, style }: Template['disclosure']): Fault[] {
  if (text === undefined) return []
  const pointer = '/disclosure/text'
  if (style === 'icon')
    return [{ pointer, code: 'text_unused', message: 'The icon has a fixed text; leave "text" out, or set "style" to "text".' }]
  if (typeof text === 'object' && !('default' in text))
    return [{ pointer, code: 'default_missing', message: 'A text by locale needs one for "default", for all other locales.' }]
  return textsIn(text)
    .filter((one) => !keepsAi(one.text))
    .map((one) => ({
      pointer: one.pointer,
      code: 'label_without_ai',
      message: `A label must keep a capital "AI" as a word of its own; "${one.text}" does not.`,
    }))
}

export function checkDisclosure({ disclosure }: Template): Fault[] {
  const faults = textFaults(disclosure)
  if (kindOf(disclosure) !== 'none' || disclosure.reason) return faults
  const message = 'Switching the visible AI label off needs a reason, which goes to the audit log.'
  return [...faults, { pointer: '/disclosure/reason', code: 'reason_missing', message }]
}
