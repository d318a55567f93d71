/** Filling lines with atoms and balancing them. All widths are in units of the font size. */
import type { Atom } from './text-break.ts'

export interface Sized extends Atom {
  readonly width: number
}

/** The atoms of each line, or undefined when an atom alone is wider than a line. */
export function fill(atoms: readonly Sized[], width: number, space: number): readonly (readonly Sized[])[] | undefined {
  const lines: Sized[][] = []
  let used = Infinity
  for (const atom of atoms) {
    if (atom.width > width) return undefined
    const wider = used + (atom.spaceBefore ? space : 0) + atom.width
    if (wider <= width) lines.at(-1)!.push(atom)
    else lines.push([atom])
    used = wider <= width ? wider : atom.width
  }
  return lines
}

const balanceSteps = 12

/** Lines of like length: the narrowest width that gives no more lines than the widest. No widows, no lone last word. */
export function balance(atoms: readonly Sized[], width: number, space: number): readonly (readonly Sized[])[] | undefined {
  let best = fill(atoms, width, space)
  if (!best || best.length < 2) return best
  let [narrow, wide] = [width / best.length / 2, width]
  for (let step = 0; step < balanceSteps; step += 1) {
    const middle = (narrow + wide) / 2
    const lines = fill(atoms, middle, space)
    if (lines && lines.length <= best.length) [best, wide] = [lines, middle]
    else narrow = middle
  }
  return best
}

export const joinLine = (line: readonly Sized[]): string =>
  line.map((atom, index) => (atom.spaceBefore && index > 0 ? ` ${atom.text}` : atom.text)).join('')
