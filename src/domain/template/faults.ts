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
