/** What a script asks of typesetting: direction, line height, and whether words are set apart by spaces. */

const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u
const leftToRight = /(?![\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}])\p{L}/u
const stacked =
  /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Thai}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Gujarati}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Gurmukhi}]/u
const square = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u30fc]/u

/** Scripts whose words are not set apart by spaces. */
export const isUnspaced = (text: string): boolean => unspaced.test(text)

/** Arabic, Indic and Thai marks stack above and below: 1.18 cuts them (measured). Han and Kana fill their square. */
export function lineHeightOf(text: string): number {
  if (stacked.test(text)) return 1.42
  return square.test(text) ? 1.26 : 1.18
}

export type Direction = 'ltr' | 'rtl'

const rightToLeftLanguages = new Set(['ar', 'fa', 'he', 'iw', 'ur', 'ps', 'sd', 'ug', 'yi', 'dv', 'ku', 'ckb'])

/** Direction of a locale; a script subtag decides where there is one (`az-Arab`, `ku-Latn`). */
export function localeDirection(locale: string): Direction {
  const [language = '', ...subtags] = locale.toLowerCase().split(/[-_]/)
  const script = subtags.find((subtag) => subtag.length === 4)
  if (script) return /^(arab|hebr|syrc|thaa|nkoo)$/.test(script) ? 'rtl' : 'ltr'
  return rightToLeftLanguages.has(language) ? 'rtl' : 'ltr'
}

/**
 * Base direction of a text. The first strong character would be wrong for a sentence that starts with a name in the
 * other script, so the locale decides wherever the text has any letter of its direction.
 */
export function textDirection(text: string, locale: string): Direction {
  if (localeDirection(locale) === 'rtl') return rightToLeft.test(text) ? 'rtl' : 'ltr'
  return rightToLeft.test(text) && !leftToRight.test(text) ? 'rtl' : 'ltr'
}
