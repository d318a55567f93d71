/** Text that fits its box, or says that it does not. */
import type { FittedText } from '#src/contracts/composition.ts'
import { type ResolvedFont, resolveFont } from './fonts.ts'
import { type Atom, atomsOf, type BreakLevel, graphemesOf } from './text-break.ts'
import { balance, fill, joinLine, type Sized } from './text-lines.ts'
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
  readonly setting: TypeSetting
  /** Of the ink, from the first line's highest to the last line's lowest mark. */
  readonly width: number
  readonly height: number
  /** Baseline of the first line below the block's top. */
  readonly baselinePx: number
  readonly lineHeightPx: number
  readonly preferredPx: number
}

/** Below this no one reads; a text that does not fit even so is left out and flagged. */
const smallestPx = 6

/**
 * Largest size between the style's bounds at which the text fits, without breaking a word. Long compounds may
 * break at their hyphens rather than become much smaller, addresses only when they would not fit otherwise. What does not fit at the smallest size is cut with an
 * ellipsis and flagged `overflow`.
 */
export function fitText(request: TextRequest): TextBlock {
  const { maxLines, lines, ...style } = { ...typeStyles[request.style], ...bounds(request) }
  const job = prepare(request)
  const most = Math.min(request.maxLines ?? maxLines, maxLines)
  const handsome = { ...job, maxLines: Math.min(lines, most) }
  const whole = largest(handsome, 'words', style)
  if (whole !== undefined && whole >= style.preferredPx) return finish(handsome, 'words', whole)
  return fitTight({ ...job, maxLines: most }, style)
}

/** Copy that is long for its place: more lines, breaks at hyphens, and at last breaks inside addresses. */
function fitTight(job: Job, { minPx, maxPx, preferredPx }: Bounds): TextBlock {
  const small = { minPx, maxPx: Math.min(maxPx, preferredPx) }
  const whole = largest(job, 'words', small)
  if (whole !== undefined && whole >= small.maxPx) return finish(job, 'words', whole)
  const hyphened = largest(job, 'hyphens', small)
  if (hyphened !== undefined && hyphened > (whole ?? 0) * worthBreaking) return finish(job, 'hyphens', hyphened)
  if (whole !== undefined) return finish(job, 'words', whole)
  const jointed = largest(job, 'addresses', small)
  return jointed === undefined ? truncated(job, minPx) : finish(job, 'addresses', jointed)
}

/** A break at a hyphen is taken when it makes the text this much larger. */
const worthBreaking = 1.2

interface Job {
  readonly request: TextRequest
  readonly paragraphs: readonly string[]
  readonly setting: TypeSetting
  readonly missing: string
  readonly ink: Measured
  readonly lineHeight: number
  readonly maxLines: number
  readonly atoms: (level: BreakLevel) => readonly (readonly Sized[])[]
  readonly space: number
}

function prepare(request: TextRequest): Job {
  const { text, locale, style, fontFamily: family } = request
  const font: ResolvedFont = resolveFont({ text: text.normalize('NFC'), family, locale, weight: typeStyles[style].weight })
  const drawn = withoutMissing(text.normalize('NFC'), font.missing)
  const setting = { font, lang: locale, direction: textDirection(drawn, locale) }
  const paragraphs = drawn.split(/\r\n?|[\n\u2028\u2029]/).filter((line) => line.trim() !== '')
  const ink = measure(paragraphs.join(' '), setting)
  const lineHeight = Math.max(lineHeightOf(drawn), heightOf(ink) + 0.04)
  const job = { request, paragraphs, setting, missing: font.missing, ink, lineHeight, maxLines: Infinity }
  return { ...job, atoms: atomsByLevel(paragraphs, locale, setting), space: measure(' ', setting).advance }
}

/** Control characters draw boxes; so would characters that no font has. */
function withoutMissing(text: string, missing: string): string {
  const gone = new Set(missing)
  return [...text].filter((character) => !gone.has(character) && !/[^\P{Cc}\n\r\t]/u.test(character)).join('')
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

interface Bounds {
  readonly minPx: number
  readonly maxPx: number
  readonly preferredPx: number
}

function bounds({ style, frame, maxSizePx = Infinity }: TextRequest): Bounds {
  const { max, preferred, min } = sizesPx(style, frame)
  return { minPx: min, maxPx: Math.max(min, Math.min(max, Math.floor(maxSizePx))), preferredPx: preferred }
}

/** Cap height and descender at least, so that baselines do not jump between texts; more where the ink asks for it. */
const heightOf = (ink: Measured): number => ascentOf(ink) + descentOf(ink)
const ascentOf = (ink: Measured): number => Math.max(0.74, ink.ascent)
const descentOf = (ink: Measured): number => Math.max(0.2, ink.descent)

const blockHeight = (job: Job, lines: number, sizePx: number): number =>
  lines === 0 ? 0 : Math.ceil(((lines - 1) * job.lineHeight + heightOf(job.ink)) * sizePx)

/** Room for lines in units of the font size; overhanging ink is kept inside. */
const lineWidth = ({ request, ink }: Job, sizePx: number): number => request.maxWidth / sizePx - 2 * ink.overhang

function countLines(job: Job, level: BreakLevel, sizePx: number): number {
  const width = lineWidth(job, sizePx)
  return job.atoms(level).reduce((sum, atoms) => sum + (fill(atoms, width, job.space)?.length ?? Infinity), 0)
}

function fits(job: Job, level: BreakLevel, sizePx: number): boolean {
  const lines = countLines(job, level, sizePx)
  return lines <= job.maxLines && blockHeight(job, lines, sizePx) <= job.request.maxHeight
}

/** Binary search over whole sizes. */
function largest(job: Job, level: BreakLevel, { minPx, maxPx }: Omit<Bounds, 'preferredPx'>): number | undefined {
  if (!fits(job, level, minPx)) return undefined
  let [low, high] = [minPx, maxPx]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(job, level, middle)) low = middle
    else high = middle - 1
  }
  return low
}

function linesAt(job: Job, level: BreakLevel, sizePx: number): string[] {
  const width = lineWidth(job, sizePx)
  return job.atoms(level).flatMap((atoms) => (balance(atoms, width, job.space) ?? []).map(joinLine))
}

/** Atoms are measured apart and shape differently together by a hair; a line that came out too wide costs a pixel of size. */
function finish(job: Job, level: BreakLevel, sizePx: number): TextBlock {
  const lines = linesAt(job, level, sizePx)
  const widest = Math.max(0, ...lines.map((line) => measure(line, job.setting).advance))
  if (widest > lineWidth(job, sizePx) && sizePx > smallestPx) return finish(job, level, sizePx - 1)
  return block(job, { lines, sizePx, widest, overflow: false })
}

interface Outcome {
  readonly lines: readonly string[]
  readonly sizePx: number
  readonly widest: number
  readonly overflow: boolean
}

function block(job: Job, { lines, sizePx, widest, overflow }: Outcome): TextBlock {
  const { preferred } = sizesPx(job.request.style, job.request.frame)
  return Object.freeze({
    ...{ sizePx, lines, overflow, shrunk: sizePx < preferred, missing: job.missing, setting: job.setting },
    width: Math.ceil(lines.length === 0 ? 0 : (widest + 2 * job.ink.overhang) * sizePx),
    height: blockHeight(job, lines.length, sizePx),
    baselinePx: ascentOf(job.ink) * sizePx,
    lineHeightPx: job.lineHeight * sizePx,
    preferredPx: preferred,
  })
}

/** The last resort, always flagged: words are torn, and the end is cut with an ellipsis. */
function truncated(job: Job, minPx: number): TextBlock {
  for (let sizePx = minPx; sizePx >= smallestPx; sizePx -= 1) {
    const room = Math.min(job.maxLines, linesThatFit(job, sizePx))
    const lines = room > 0 ? cutLines(job, sizePx, room) : []
    if (lines.length > 0) return block(job, { lines, sizePx, widest: widestOf(job, lines), overflow: true })
  }
  return block(job, { lines: [], sizePx: smallestPx, widest: 0, overflow: true })
}

const widestOf = (job: Job, lines: readonly string[]): number =>
  Math.max(0, ...lines.map((line) => measure(line, job.setting).advance))

const linesThatFit = (job: Job, sizePx: number): number =>
  Math.floor((job.request.maxHeight / sizePx - heightOf(job.ink)) / job.lineHeight) + 1

/** Whole words as far as they go; a word that is wider than a line is torn between graphemes. */
function cutLines(job: Job, sizePx: number, room: number): readonly string[] {
  const width = lineWidth(job, sizePx)
  const atoms = job
    .atoms('words')
    .flatMap((paragraph) => paragraph.flatMap((atom) => (atom.width > width ? torn(atom, job) : [atom])))
  const filled = fill(atoms, width, job.space)?.map(joinLine) ?? []
  if (filled.length <= room) return filled.every((line) => measure(line, job.setting).advance <= width) ? filled : []
  const last = withEllipsis(filled[room - 1]!, width, job.setting)
  return [...filled.slice(0, room - 1), last].filter((line) => line !== '')
}

const torn = (atom: Atom, { setting }: Job): Sized[] =>
  graphemesOf(atom.text).map((text, index) => ({
    text,
    spaceBefore: index === 0 && atom.spaceBefore,
    width: measure(text, setting).advance,
  }))

function withEllipsis(line: string, width: number, setting: TypeSetting): string {
  const kept = graphemesOf(line)
  while (kept.length > 0 && measure(`${kept.join('').trimEnd()}…`, setting).advance > width) kept.pop()
  return kept.length === 0 ? '' : `${kept.join('').trimEnd()}…`
}
