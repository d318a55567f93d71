/** The Range header of RFC 9110, one range; several, or another unit, count as none (the whole file is an allowed answer). */
interface Described {
  readonly bytes: number
  readonly sha256: string
}

export interface Range {
  /** First and last byte, both inclusive. */
  readonly start: number
  readonly end: number
}

/** @returns null for the whole file */
export function rangeOf(
  header: string | undefined,
  ifRange: string | string[] | undefined,
  { bytes, sha256 }: Described,
): Range | 'unsatisfiable' | null {
  if (ifRange !== undefined && ifRange !== `"${sha256}"`) return null
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  const [first, last] = [match[1]!, match[2]!]
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (start >= bytes || (first === '' && Number(last) === 0)) return 'unsatisfiable'
  return end < start ? null : { start, end }
}
