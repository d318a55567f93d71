/** Pages of a list. A cursor is opaque to callers: the base64url of the last row's sort key, so rows that come and go do not shift it. */
import { invalid } from '#src/errors.ts'

export interface PageRequest {
  /** 1–100 */
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Page<T> {
  readonly data: readonly T[]
  readonly has_more: boolean
  readonly next_cursor: string | null
}

export const encodeCursor = (key: string | number): string => Buffer.from(String(key)).toString('base64url')

/** @throws 422 for a cursor that this service did not make */
export function decodeCursor(cursor: string | undefined, shape: RegExp = /^[\w.:-]{1,200}$/): string | undefined {
  if (cursor === undefined) return undefined
  const key = Buffer.from(cursor, 'base64url').toString()
  if (!shape.test(key)) {
    throw invalid([{ pointer: '/query/cursor', code: 'invalid_cursor', message: 'The cursor is not one that this list gave.' }])
  }
  return key
}

/** @param rows up to `limit + 1` rows: the one too many only says that there are more */
export function pageOf<R, T>(
  rows: readonly R[],
  { limit }: PageRequest,
  keyOf: (row: R) => string | number,
  present: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit)
  const more = rows.length > limit
  return { data: shown.map(present), has_more: more, next_cursor: more ? encodeCursor(keyOf(shown.at(-1)!)) : null }
}
