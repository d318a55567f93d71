/**
 * zod as Fastify's validator. Our own compiler, because a fault has to say where it is as a JSON pointer (RFC 6901),
 * with `/query`, `/params` or `/headers` in front of what is not the body.
 */
import type { FastifySchemaCompiler } from 'fastify'
import { Readable } from 'node:stream'
import type { z } from 'zod'
import { unstorableTexts } from '#src/domain/template/faults.ts'
import { invalid, type Fault } from '#src/errors.ts'

const places: Readonly<Record<string, string>> = { body: '', querystring: '/query', params: '/params', headers: '/headers' }

const escape = (step: PropertyKey) => String(step).replaceAll('~', '~0').replaceAll('/', '~1')

/** @param place prefix of the pointers, e.g. '' or '/query' */
export function faultsOf(error: z.ZodError, place = ''): Fault[] {
  return error.issues.flatMap((issue) => {
    const pointer = [place, ...issue.path.map(escape)].join('/')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: `${pointer}/${escape(key)}`,
        code: 'unrecognized_key',
        message: `"${key}" is not a field here. Remove it or correct its name.`,
      }))
    }
    return [{ pointer, code: issue.code, message: `${pointer.split('/').at(-1) || 'The body'}: ${issue.message}` }]
  })
}

export const zodValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (value) => {
    // A stream is checked by whoever reads it.
    if (value instanceof Readable) return { value }
    const place = places[httpPart ?? 'body'] ?? ''
    const result = schema.safeParse(value)
    if (!result.success) return { error: invalid(faultsOf(result.error, place)) }
    const unstorable = httpPart === 'headers' ? [] : unstorableTexts(result.data, place)
    return unstorable.length > 0 ? { error: invalid(unstorable) } : { value: result.data }
  }
