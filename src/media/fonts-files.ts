/** The font files that ship with the service, and in which order they are asked for a locale. */
import type { ShippedFontFamily } from '#src/contracts/font-families.ts'

export const fontsFolder = new URL('./fonts/', import.meta.url)
export const coverageFile = new URL('coverage.json', fontsFolder)

const latinSubsets = ['latin', 'latin-ext', 'cyrillic', 'cyrillic-ext', 'greek', 'greek-ext', 'vietnamese'] as const
const subsetsOf = (family: string) => latinSubsets.map((subset) => `${family}-${subset}`)

/** Faces by family; a face is a file name without weight, and its alias in Skia. */
export const familyFaces = {
  Inter: subsetsOf('inter'),
  'Noto Sans': subsetsOf('noto-sans'),
} as const satisfies Record<ShippedFontFamily, readonly string[]>

const sc = 'noto-sans-sc-chinese-simplified'
const jp = 'noto-sans-jp-japanese'
const kr = 'noto-sans-kr-korean'
const emoji = 'noto-color-emoji-emoji'
/** Stars, ticks, arrows, ①, ≤, and (from two slices of the Japanese font) ※ and ℃: common in ads, absent from the others. */
export const symbolFaces: readonly string[] = [
  'noto-sans-jp-82',
  'noto-sans-jp-113',
  'noto-sans-symbols-symbols',
  'noto-sans-symbols-2-symbols',
  'noto-sans-math-latin',
]
const oneWeight: readonly string[] = [emoji, 'noto-sans-symbols-2-symbols', 'noto-sans-math-latin']
const scripts = ['noto-sans-arabic-arabic', 'noto-sans-devanagari-devanagari', 'noto-sans-thai-thai'] as const

/** One Han character looks different in each of these; the locale decides who is asked first. */
function hanFaces(locale: string): readonly string[] {
  const tag = locale.toLowerCase()
  if (tag.startsWith('ja')) return [jp, sc, kr]
  if (tag.startsWith('ko')) return [kr, jp, sc]
  // Traditional forms are nearer to the Japanese cut than to the simplified one.
  if (/^(zh[-_](hant|tw|hk|mo)|yue)/.test(tag)) return [jp, sc, kr]
  return [sc, jp, kr]
}

/** Faces in the order in which they are asked for a character; emoji last, for that font has digits too. */
export function fallbackFaces(locale: string): readonly string[] {
  return [...familyFaces.Inter, ...familyFaces['Noto Sans'], ...scripts, ...hanFaces(locale), ...symbolFaces, emoji]
}

export const emojiFace = emoji

export const weightsOf = (face: string): readonly number[] => (oneWeight.includes(face) ? [400] : [400, 700])
export const allFaces: readonly string[] = fallbackFaces('en')
export const fileOf = (face: string, weight: number): string => `${face}-${weight}-normal.woff2`
