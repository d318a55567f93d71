/** One text on its way into its box: what was measured of it, and the sizes that follow. */
import type { FittedText } from '#src/contracts/composition.ts'
import { resolveFont } from './fonts.ts'
import { type Atom, atomsOf, type BreakLevel } from './text-break.ts'
import { fill, type Sized } from './text-lines.ts'
import { type Measured, measure, type TypeSetting } from './text-measure.ts'
import { lineHeightOf, textDirection } from './text-script.ts'
import { type Frame, sizesPx, typeStyles, type TypeStyle } from './text-style.ts'

export interface TextRequest {
  readonly text: string
  readonly style: TypeStyle
  readonly locale: string
  /** Pixels; the result is never wider or higher. */
  readonly maxWidth: number
  readonly maxHeight: number
  readonly frame: Frame
  readonly fontFamily: string
  /** No larger than this, where the layout has to make room. */
  readonly maxSizePx?: number
  readonly maxLines?: number
}

/** A fitted text with what drawing needs. */
export interface TextBlock extends FittedText {
  readonly style: TypeStyle
  readonly frame: Frame
  readonly setting: TypeSetting
  /** Of the ink, from the first line's highest to the last line's lowest mark. */
  readonly width: number
  readonly height: number
  /** Baseline of the first line below the block's top. */
  readonly baselinePx: number
  readonly lineHeightPx: number
  readonly preferredPx: number
}

export interface Job {
  readonly request: TextRequest
  readonly setting: TypeSetting
  readonly missing: string
  /** Of all the text on one line. */
  readonly ink: Measured
  /** In units of the size, like `space`. */
  readonly lineHeight: number
  readonly space: number
  readonly maxLines: number
  /** By paragraph. */
  readonly atoms: (level: BreakLevel) => readonly (readonly Sized[])[]
}

/** Finds the fonts and measures the text, once for all sizes. `mark` is a character that may have to be drawn besides. */
export function prepare(request: TextRequest, mark = ''): Job {
  const { locale, style, fontFamily: family } = request
  const text = request.text.normalize('NFC').replace(noBreakSpaces, '\u00a0')
  const font = resolveFont({ text: text + mark, family, locale, weight: typeStyles[style].weight })
  const drawn = drawable(text, font.missing)
  const setting = { font, lang: locale, direction: textDirection(drawn, locale) }
  const paragraphs = drawn.split(/\r\n?|[\n\u2028\u2029]/).filter((line) => line.trim() !== '')
  const ink = measure(paragraphs.join(' '), setting)
  const lineHeight = Math.max(lineHeightOf(drawn), heightOf(ink) + 0.04)
  const measured = { request, setting, missing: font.missing, ink, lineHeight, space: measure(' ', setting).advance }
  return { ...measured, maxLines: typeStyles[style].maxLines, atoms: atomsByLevel(paragraphs, locale, setting) }
}

/** Intl writes prices with narrow no-break spaces, which few fonts have. */
const noBreakSpaces = /[\u2007\u202f]/g

/** Control characters draw boxes; so would characters that no font has. */
function drawable(text: string, missing: string): string {
  const gone = new Set(missing)
  return Array.from(text)
    .filter((character) => !gone.has(character) && !/[^\P{Cc}\n\r\t]/u.test(character))
    .join('')
}

function atomsByLevel(paragraphs: readonly string[], locale: string, setting: TypeSetting): Job['atoms'] {
  const kept = new Map<BreakLevel, readonly (readonly Sized[])[]>()
  const sized = (atom: Atom): Sized => ({ ...atom, width: measure(atom.text, setting).advance })
  return (level) => {
    const known = kept.get(level) ?? paragraphs.map((paragraph) => atomsOf(paragraph, locale, level).map(sized))
    kept.set(level, known)
    return known
  }
}

/** Cap height and descender at least, so that baselines do not jump between texts; more where the ink asks for it. */
export const heightOf = (ink: Measured): number => ascentOf(ink) + descentOf(ink)
const ascentOf = (ink: Measured): number => Math.max(0.74, ink.ascent)
const descentOf = (ink: Measured): number => Math.max(0.2, ink.descent)

/** Rasterising rounds glyphs to pixels, up to one beyond the measured ink; without this pixel it would leave the safe zone. */
const rasterPx = 1

const baselineOf = ({ ink }: Job, sizePx: number): number => Math.ceil(ascentOf(ink) * sizePx) + rasterPx

export const blockHeight = (job: Job, lines: number, sizePx: number): number =>
  lines === 0 ? 0 : baselineOf(job, sizePx) + Math.ceil(((lines - 1) * job.lineHeight + descentOf(job.ink)) * sizePx) + rasterPx

/** Room for a line in units of the size; overhanging ink is kept inside. */
export const lineWidth = ({ request, ink }: Job, sizePx: number): number => request.maxWidth / sizePx - 2 * ink.overhang

export function fits(job: Job, level: BreakLevel, sizePx: number): boolean {
  const width = lineWidth(job, sizePx)
  const lines = job.atoms(level).reduce((sum, atoms) => sum + (fill(atoms, width, job.space)?.length ?? Infinity), 0)
  return lines <= job.maxLines && blockHeight(job, lines, sizePx) <= job.request.maxHeight
}

export const widestOf = ({ setting }: Job, lines: readonly string[]): number =>
  Math.max(0, ...lines.map((line) => measure(line, setting).advance))

interface Outcome {
  readonly lines: readonly string[]
  readonly sizePx: number
  readonly overflow: boolean
}

export function blockOf(job: Job, { lines, sizePx, overflow }: Outcome): TextBlock {
  const { request, setting, missing, ink } = job
  const { preferred: preferredPx } = sizesPx(request.style, request.frame)
  return Object.freeze({
    sizePx,
    lines,
    overflow,
    missing,
    setting,
    preferredPx,
    shrunk: sizePx < preferredPx,
    style: request.style,
    frame: request.frame,
    width: Math.ceil(lines.length === 0 ? 0 : (widestOf(job, lines) + 2 * ink.overhang) * sizePx),
    height: blockHeight(job, lines.length, sizePx),
    baselinePx: baselineOf(job, sizePx),
    lineHeightPx: job.lineHeight * sizePx,
  })
}
