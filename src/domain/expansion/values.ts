/** From a segment's attributes, as uploaded, to the typed values of a template's variables. */
import type { Fault } from '#src/errors.ts'
import type { Variable } from '../template/schema.ts'
import { valueProblem } from '../template/variables.ts'

export type Attribute = string | number | boolean | null
export type Attributes = Readonly<Record<string, Attribute | undefined>>
export type VariableValue = string | number | boolean

export type Coerced = { readonly value: VariableValue } | { readonly code: string; readonly message: string }

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?$/i
const yes = new Set(['true', 'yes', '1'])
const no = new Set(['false', 'no', '0'])

function toNumber(value: Attribute): Coerced {
  const text = String(value).trim()
  const number = typeof value === 'boolean' || !decimal.test(text) ? Number.NaN : Number(text)
  // Above this, digits are lost silently: such a "number" is an identifier and belongs in a string.
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER) return { value: number }
  return { code: 'bad_number', message: 'Expected a number such as 1234.5, with a point and without other signs.' }
}

function toBoolean(value: Attribute): Coerced {
  const text = String(value).trim().toLowerCase()
  if (yes.has(text)) return { value: true }
  return no.has(text) ? { value: false } : { code: 'bad_boolean', message: 'Expected true or false.' }
}

function toImage(value: Attribute): Coerced {
  const text = String(value).trim()
  if (/^med_[a-z0-9_]{1,60}$/.test(text)) return { value: text }
  return {
    code: 'bad_image',
    message: 'Expected the id of an uploaded image ("med_…"); upload it to /v1/media first. Links are not fetched.',
  }
}

const coercions = {
  string: (value) => ({ value: String(value).trim() }),
  enum: (value) => ({ value: String(value).trim() }),
  number: toNumber,
  boolean: toBoolean,
  image: toImage,
} satisfies Record<Variable['type'], (value: Attribute) => Coerced>

const isMissing = (value: Attribute | undefined): value is null | undefined =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '')

/** One variable's value: an empty or absent one is the default, or a fault where there is no default. */
export function coerce(variable: Variable, given: Attribute | undefined): Coerced {
  if (isMissing(given)) {
    if (variable.default !== undefined) return { value: variable.default }
    return { code: 'required', message: `"${variable.name}" is empty and has no default in the template.` }
  }
  const coerced = coercions[variable.type](given)
  const problem = 'value' in coerced ? valueProblem(variable, coerced.value) : undefined
  return problem === undefined ? coerced : { code: 'not_allowed', message: `"${variable.name}" cannot be this: ${problem}` }
}

/** Values of all variables, and a fault with a pointer such as /attributes/price for each that has none. Other attributes do not matter. */
export function valuesOf(
  variables: readonly Variable[],
  attributes: Attributes,
): { values: Record<string, VariableValue>; faults: Fault[] } {
  const values: Record<string, VariableValue> = {}
  const faults: Fault[] = []
  for (const variable of variables) {
    const coerced = coerce(variable, Object.hasOwn(attributes, variable.name) ? attributes[variable.name] : undefined)
    if ('value' in coerced) values[variable.name] = coerced.value
    else faults.push({ pointer: `/attributes/${variable.name}`, ...coerced })
  }
  return { values, faults }
}
