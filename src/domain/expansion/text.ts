/** Which text a locale gets, and what is cleaned out of texts. */
import type { LocaleText } from '../template/schema.ts'

/** Control and invisible formatting characters, but not the joiners that scripts and emoji need. */
const invisible = /[\p{Cc}\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]+/gu
/** The same for texts that people see, where a line break means something. */
const unprintable = /(?:(?!\n)[\p{Cc}\ufeff])+/gu

/** A value on its way into a prompt: one line, nothing invisible. */
export const promptValue = <T>(value: T): T | string => (typeof value === 'string' ? fold(value.replace(invisible, ' ')) : value)

/** One spelling for equal prompts, so that they share a clip. */
export const fold = (text: string): string => text.toWellFormed().normalize('NFC').replace(/\s+/gu, ' ').trim()

/** A text over the video: line breaks stay. */
export const printable = (text: string): string => text.toWellFormed().replace(unprintable, ' ').trim()

/** "es-MX" → es-MX, es; "zh-Hant-TW" → zh-hant-tw, zh-hant, zh: most exact first, compared without case. */
function* lookups(locale: string): Generator<string> {
  const parts = locale.toLowerCase().split(/[-_]/)
  for (let n = parts.length; n > 0; n--) yield parts.slice(0, n).join('-')
}

/** The text for a locale: its own, else its language's, else `default`. */
export function textFor(text: LocaleText, locale: string): string {
  if (typeof text === 'string') return text
  const byTag = new Map(Object.entries(text).map(([tag, value]) => [tag.toLowerCase().replaceAll('_', '-'), value]))
  for (const tag of lookups(locale)) {
    const found = byTag.get(tag)
    if (found !== undefined) return found
  }
  return byTag.get('default') ?? ''
}
