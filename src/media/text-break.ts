/**
 * Where a line may end. Words are never broken: an atom is what stays together on one line. Scripts without spaces break
 * between the words that Intl.Segmenter finds, by the kinsoku rules (JIS X 4051: no closing mark or small kana at a line's
 * start, no opening mark at its end).
 */
import { isUnspaced } from './text-script.ts'

export interface Atom {
  readonly text: string
  readonly spaceBefore: boolean
}

/**
 * `words`: only between words. `hyphens`: also after hyphens inside a word. `addresses`: also inside web and mail addresses,
 * which people would rather read whole. `graphemes`: anywhere.
 */
export type BreakLevel = 'words' | 'hyphens' | 'addresses' | 'graphemes'

/** Every space that may end a line; the no-break ones (U+00A0, U+202F, U+2060) are not among them. */
const breakingSpaces = /[ \t\u1680\u2000-\u2006\u2008-\u200a\u205f\u3000]+/
const zeroWidthSpace = '\u200b'

const notAtStart =
  /^[\p{Pe}\p{Pf}!?,.:;%°…‥‰\-‐–—―~〜、。，．・：；？！ー々ゝゞヽヾ〻ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰ-ㇿ／＋＝＞؟،؛।॥ๆฯ]/u
const notAtEnd = /[\p{Ps}\p{Pi}¿¡＋＜#$£€¥₹第]$/u

const segmenters = new Map<string, Intl.Segmenter>()

function segmenter(locale: string, granularity: 'word' | 'grapheme'): Intl.Segmenter {
  const key = `${granularity} ${locale}`
  const kept = segmenters.get(key) ?? new Intl.Segmenter(locale, { granularity })
  segmenters.set(key, kept)
  return kept
}

export const graphemesOf = (text: string): string[] => [...segmenter('en', 'grapheme').segment(text)].map((part) => part.segment)

/** The atoms of one paragraph, in order. */
export function atomsOf(paragraph: string, locale: string, level: BreakLevel): readonly Atom[] {
  const words = paragraph.split(breakingSpaces).filter((word) => word !== '')
  const atoms = words.flatMap((word) => asAtoms(wordParts(word, locale, level)))
  return level === 'graphemes' ? atoms : glue(atoms)
}

/** Only the first part of a word has a space before it. */
const asAtoms = (parts: readonly string[]): Atom[] => parts.map((text, index) => ({ text, spaceBefore: index === 0 }))

function wordParts(word: string, locale: string, level: BreakLevel): readonly string[] {
  if (level === 'graphemes') return graphemesOf(word.replaceAll(zeroWidthSpace, ''))
  const pieces = word.split(zeroWidthSpace).filter((piece) => piece !== '')
  const parts = pieces.flatMap((piece) => (isUnspaced(piece) ? unspacedParts(piece, locale) : [piece]))
  if (level === 'words' || (level === 'hyphens' && address.test(word))) return parts
  return parts.flatMap(level === 'hyphens' ? afterHyphens : afterJoints)
}

function unspacedParts(text: string, locale: string): readonly string[] {
  const parts = [...segmenter(locale, 'word').segment(text)].map((part) => part.segment)
  return parts.reduce<string[]>((joined, part) => {
    const before = joined.at(-1)
    if (before !== undefined && staysTogether(before, part)) joined[joined.length - 1] = before + part
    else joined.push(part)
    return joined
  }, [])
}

const particle = /^(\p{Script=Hiragana}{1,2}|[的了吧呢吗啊呀嘛着过们])$/u
const wordCharacters = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]$/u
const longestPhrase = 8

/** A particle belongs to the word before it; readers stumble over a line that starts with を, は or 的. */
function staysTogether(before: string, part: string): boolean {
  if (!isUnspaced(before) && !isUnspaced(part)) return true
  if (/\p{N}$/u.test(before) && part.length <= 2) return true // 30日, 490円
  return particle.test(part) && wordCharacters.test(before) && before.length < longestPhrase
}

const address = /[/@]|[\p{L}\p{N}]\.\p{L}{2}/u

/** With two characters or more on each side: "-5", "x-1" and "a/b" stay whole. */
const afterHyphens = (part: string): string[] => part.split(/(?<=[^\s\-‐–]{2}[-‐–]+)(?=[\p{L}\p{N}]{2})/u)
const afterJoints = (part: string): string[] => part.split(/(?<=[^\s\-‐–/._@?&=]{2}[-‐–/._@?&=]+)(?=[\p{L}\p{N}]{2})/u)

/** Joins what must not be torn apart: a closing mark or a lone dash with what is before it, an opening one with what follows. */
function glue(atoms: readonly Atom[]): readonly Atom[] {
  return atoms.reduce<Atom[]>((glued, atom) => {
    const before = glued.at(-1)
    const joins = before !== undefined && (startsBadly(atom) || notAtEnd.test(before.text))
    if (joins) glued[glued.length - 1] = { ...before, text: `${before.text}${atom.spaceBefore ? ' ' : ''}${atom.text}` }
    else glued.push(atom)
    return glued
  }, [])
}

/** A word like "-20 %" starts with a dash and is a word all the same; only marks without letters or digits are glued. */
const startsBadly = ({ text, spaceBefore }: Atom): boolean =>
  notAtStart.test(text) && (!spaceBefore || !/[\p{L}\p{N}]/u.test(text))
