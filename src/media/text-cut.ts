/** The last resort for a text that does not fit: words are torn and the end is cut, and `overflow` says so. */
import { type Atom, graphemesOf } from './text-break.ts'
import { blockHeight, blockOf, type Job, lineWidth, prepare, type TextBlock, widestOf } from './text-job.ts'
import { fill, joinLine, type Sized } from './text-lines.ts'
import { measure, type TypeSetting } from './text-measure.ts'

/** Below this no one reads; a text that has no room even so is left out, and flagged like the others. */
const smallestPx = 6

const ellipsis = '…'

export function cutText({ request, maxLines }: Job, minPx: number): TextBlock {
  const job = { ...prepare(request, ellipsis), maxLines }
  for (let sizePx = minPx; sizePx >= smallestPx; sizePx -= 1) {
    const room = linesThatFit(job, sizePx)
    const lines = room > 0 ? cutLines(job, sizePx, room) : []
    if (lines.length > 0) return blockOf(job, { lines, sizePx, overflow: true })
  }
  return blockOf(job, { lines: [], sizePx: smallestPx, overflow: true })
}

function linesThatFit(job: Job, sizePx: number): number {
  let lines = job.maxLines
  while (lines > 0 && blockHeight(job, lines, sizePx) > job.request.maxHeight) lines -= 1
  return lines
}

/** Whole words as far as they go; a word that is wider than a line is torn between graphemes. */
function cutLines(job: Job, sizePx: number, room: number): readonly string[] {
  const width = lineWidth(job, sizePx)
  const filled = fill(tornAtoms(job, width), width, job.space)?.map(joinLine) ?? []
  const kept =
    filled.length <= room ? filled : [...filled.slice(0, room - 1), withEllipsis(filled[room - 1]!, width, job.setting)]
  return widestOf(job, kept) <= width ? kept.filter((line) => line !== '') : []
}

const tornAtoms = (job: Job, width: number): Sized[] =>
  job.atoms('words').flatMap((paragraph) => paragraph.flatMap((atom) => (atom.width > width ? torn(atom, job) : [atom])))

const torn = (atom: Atom, { setting }: Job): Sized[] =>
  graphemesOf(atom.text).map((text, index) => ({
    text,
    spaceBefore: index === 0 && atom.spaceBefore,
    width: measure(text, setting).advance,
  }))

function withEllipsis(line: string, width: number, setting: TypeSetting): string {
  const kept = graphemesOf(line)
  const shown = () => `${kept.join('').trimEnd()}${ellipsis}`
  while (kept.length > 0 && measure(shown(), setting).advance > width) kept.pop()
  return kept.length === 0 ? '' : shown()
}
