/** Values for a JSON Schema: ones that it allows, and ones that nobody should have to allow. */
import fc from 'fast-check'
import type { Description, Schema } from './description.ts'

/** Stands for an id that exists when the request is sent: `$cmp:3` is the fourth campaign of the workspace, or so. */
export const placeholder = (prefix: string, index: number) => `$${prefix}:${index}`
export const placeholderShape = /^\$([a-z]+):(\d+)$/

const anId = (prefix: string) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.nat(50).map((index) => placeholder(prefix, index)) },
    { weight: 1, arbitrary: fc.constant(`${prefix}_01jz8k3v9q0c5xw7m2n4p6r8t0`) },
  )

/** Text that has broken parsers, databases, templates and spreadsheets. */
export const nastyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '\udfff\ud800',
    '\ufeff',
    '{{',
    '{{ x | money: }}',
    '{% for i in (1..1000000000) %}x{% endfor %}',
    '{{ segment.key }}',
    '__proto__',
    'constructor',
    '=1+1',
    "'; drop table campaigns; --",
    '../../../etc/passwd',
    '٣٫١٤',
    'null',
    '-1',
    '1e400',
    '9223372036854775808',
    '2026-02-30',
    '0000-00-00T00:00:00Z',
    'http://169.254.169.254/',
    'x'.repeat(5000),
  ),
)

export const junk: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 0.5, -0, 1e21, 2 ** 31, 2 ** 53, 2 ** 63, 1.7e308, [], {}, [[]], [null], {
    a: { b: {} },
  }),
  fc.array(nastyText, { maxLength: 3 }),
  fc.dictionary(nastyText, fc.integer(), { maxKeys: 2 }),
  fc.jsonValue({ maxDepth: 2 }),
)

export function createValues({ resolve }: Pick<Description, 'resolve'>) {
  const text = (schema: Schema): fc.Arbitrary<string> => {
    const { minLength = 0, maxLength = 40, pattern, format, examples } = schema as Record<string, never>
    const example = (examples as readonly unknown[] | undefined)?.[0]
    const prefix = typeof example === 'string' ? /^([a-z]+)_0/.exec(example)?.[1] : undefined
    if (prefix) return anId(prefix)
    if (String(pattern).startsWith('^med_')) return anId('med')
    if (format === 'date') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
    if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
    if (pattern) return fc.stringMatching(new RegExp(pattern))
    const bounds = { minLength, maxLength: Math.min(maxLength, minLength + 40) }
    return fc.oneof(fc.string(bounds), fc.string({ unit: 'grapheme', ...bounds }))
  }

  const number = (schema: Schema): fc.Arbitrary<number> => {
    const { minimum: min = -1e9, maximum: max = 1e9 } = schema as Record<string, number>
    if (schema['type'] === 'integer')
      return fc.oneof(fc.integer({ min: Math.ceil(min), max: Math.floor(max) }), fc.constantFrom(min, max))
    return fc.double({ min, max, noNaN: true })
  }

  const object = (schema: Schema): fc.Arbitrary<object> => {
    const {
      properties = {},
      required = [],
      additionalProperties,
      propertyNames,
    } = schema as {
      properties?: Record<string, Schema>
      required?: string[]
      additionalProperties?: Schema | boolean
      propertyNames?: Schema
    }
    const known = fc.record(Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, of(value)])), {
      requiredKeys: required,
    })
    if (typeof additionalProperties !== 'object') return known
    const more = fc.dictionary(propertyNames ? text(propertyNames) : fc.string({ maxLength: 20 }), of(additionalProperties), {
      maxKeys: 3,
    })
    return fc.tuple(known, more).map(([a, b]) => ({ ...b, ...a }))
  }

  const known = new Map<Schema, fc.Arbitrary<unknown>>()

  /** Values that the schema allows. */
  function of(given: Schema): fc.Arbitrary<unknown> {
    const schema = resolve(given)
    const made = known.get(schema) ?? make(schema)
    known.set(schema, made)
    return made
  }

  function make(schema: Schema): fc.Arbitrary<unknown> {
    const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly Schema[] | undefined
    if (choices) return fc.oneof(...choices.map(of))
    if ('const' in schema) return fc.constant(schema['const'])
    if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
    switch (schema['type']) {
      case 'string':
        return text(schema)
      case 'number':
      case 'integer':
        return number(schema)
      case 'boolean':
        return fc.boolean()
      case 'null':
        return fc.constant(null)
      case 'array': {
        const minLength = Number(schema['minItems'] ?? 0)
        return fc.array(of(schema['items'] as Schema), { minLength, maxLength: minLength + 3 })
      }
      case 'object':
        return object(schema)
      default:
        return junk
    }
  }
  return { of }
}
