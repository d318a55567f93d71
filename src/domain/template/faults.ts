/** Faults of a zod check as JSON pointers. */
import type { Fault } from '#src/errors.ts'
import type { z } from 'zod'

/** RFC 6901: a path as a pointer below `prefix`. */
export const pointerOf = (path: readonly PropertyKey[], prefix = ''): string =>
  prefix + path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** One fault per issue; an unknown field gets the pointer of that field. */
export function faultsOf(error: z.ZodError, prefix = ''): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    if (issue.code !== 'unrecognized_keys')
      return [{ pointer: pointerOf(issue.path, prefix), code: issue.code, message: issue.message }]
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key], prefix),
      code: 'unknown_field',
      message: `There is no field "${key}" here.`,
    }))
  })
}

/** Postgres keeps neither a NUL nor half a surrogate pair, though JSON can carry both. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/** A fault for each text of a JSON value, keys included, that could not be kept. */
export function unstorableTexts(value: unknown, pointer: string): Fault[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [unstorable(pointer)]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) => {
    const here = pointerOf([key], pointer)
    return isStorable(key) ? unstorableTexts(part, here) : [unstorable(here.replaceAll('\0', '').toWellFormed())]
  })
}

const unstorable = (pointer: string): Fault => ({
  pointer,
  code: 'unstorable_text',
  message: 'The text has a NUL character or half a surrogate pair; remove it.',
})
