/** One row of an upload: what a key, a locale and an attribute may be. */
import type { Fault } from '#src/errors.ts'
import { coerce, type Attributes } from '../expansion/values.ts'
import { isStorable } from '../template/faults.ts'
import type { Variable } from '../template/rules.ts'

export const maxCellBytes = 64 * 1024
export const maxRowBytes = 1024 * 1024
export const maxColumns = 200
const maxKeyLength = 200
const maxNameLength = 64

export interface RowFault {
  readonly column: string | null
  readonly code: string
  readonly message: string
  /** The value at fault; an excerpt of it is shown to the caller. */
  readonly value: unknown
}

export interface Row {
  /** As a person counts: the header is row 1 of a CSV, the first line or element is 1 elsewhere. */
  readonly number: number
  readonly key: string
  /** BCP 47, in its canonical spelling */
  readonly locale: string
  /** JSON text of the attributes. */
  readonly attributes: string
  /** Any fault refuses the row. */
  readonly faults: readonly RowFault[]
}

/** What an upload is checked against beside the general rules: the variables of a template, or nothing. */
export type RowCheck = (attributes: Attributes) => readonly RowFault[]

export const refusedRow = (number: number, fault: RowFault): Row => ({
  number,
  key: '',
  locale: '',
  attributes: '{}',
  faults: [fault],
})

/** Checks the values of a row against a template's variables at once, instead of in the plan. */
export function checkAgainst(variables: readonly Variable[]): RowCheck {
  return (attributes) =>
    variables.flatMap((variable) => {
      const value = Object.hasOwn(attributes, variable.name) ? attributes[variable.name] : undefined
      const coerced = coerce(variable, value)
      return 'value' in coerced
        ? []
        : [{ column: variable.name, code: coerced.code, message: coerced.message, value: value ?? null }]
    })
}

const known = new Map<string, string | null>()

/** "es_es" → "es-ES"; undefined for what is no locale. Asked for every row, so the answers are kept. */
export function canonicalLocale(tag: string): string | undefined {
  let canonical = known.get(tag)
  if (canonical === undefined) {
    if (known.size >= 10_000) known.clear()
    canonical = readLocale(tag)
    known.set(tag, canonical)
  }
  return canonical ?? undefined
}

function readLocale(tag: string): string | null {
  try {
    return tag.length <= 35 ? (Intl.getCanonicalLocales(tag.replaceAll('_', '-'))[0] ?? null) : null
  } catch {
    return null
  }
}

/** In bytes of UTF-8; counting is only needed for long texts. */
const isTooLong = (text: string, maxBytes: number): boolean =>
  text.length > maxBytes || (text.length > maxBytes / 3 && Buffer.byteLength(text) > maxBytes)

/** What is wrong with a text, whatever column it is in. */
export function textFault(column: string, text: string): RowFault | undefined {
  const fault = (code: string, message: string): RowFault => ({ column, code, message, value: text })
  if (isTooLong(text, maxCellBytes)) return fault('cell_too_large', `The cell is larger than ${maxCellBytes / 1024} KiB.`)
  // What is not UTF-8 was decoded to the replacement character.
  if (text.includes('\ufffd'))
    return fault('invalid_utf8', 'The text is not valid UTF-8. Save the file as UTF-8 and upload it again.')
  if (!isStorable(text)) return fault('invalid_text', 'The text has a NUL character or half a surrogate pair.')
  return undefined
}

export function keyFault(key: string): RowFault | undefined {
  const fault = (code: string, message: string): RowFault => ({ column: 'key', code, message, value: key })
  if (key === '') return fault('required', 'The key is empty; every segment needs one of its own.')
  if (key.length > maxKeyLength) return fault('key_too_long', `The key is longer than ${maxKeyLength} characters.`)
  if (/\p{Cc}/u.test(key)) return fault('invalid_key', 'The key has control characters.')
  return undefined
}

export const localeFault = (tag: unknown): RowFault => ({
  column: 'locale',
  code: 'unknown_locale',
  message: 'Expected a locale like "es" or "es-MX".',
  value: tag,
})

export interface RowValues {
  readonly key: unknown
  readonly locale: unknown
  readonly attributes: unknown
}

/** A row that came as JSON. */
export function rowOf(number: number, { key, locale, attributes }: RowValues, check: RowCheck): Row {
  const faults: (RowFault | undefined)[] = []
  const text = typeof key === 'number' ? String(key) : typeof key === 'string' ? key.trim() : ''
  faults.push(keyFault(text), textFault('key', text))
  const canonical = jsonLocale(locale)
  if (canonical === undefined) faults.push(localeFault(locale))
  const given = attributes ?? {}
  const attributeFaults = isRecord(given) ? attributesFaults(given) : [notAnObject(given)]
  faults.push(...attributeFaults)
  if (attributeFaults.length === 0) faults.push(...check(given as Attributes))
  const found = faults.filter((fault) => fault !== undefined)
  return {
    number,
    key: text,
    locale: canonical ?? 'en',
    attributes: found.length === 0 ? JSON.stringify(given) : '{}',
    faults: found,
  }
}

function jsonLocale(locale: unknown): string | undefined {
  if (locale === undefined || locale === null || locale === '') return 'en'
  return typeof locale === 'string' ? canonicalLocale(locale) : undefined
}

const notAnObject = (value: unknown): RowFault => ({
  column: 'attributes',
  code: 'invalid_type',
  message: 'Expected an object of attributes.',
  value,
})

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const nameProblem = (name: string): string | undefined => {
  if (name === '' || name.length > maxNameLength) return `An attribute's name has 1 to ${maxNameLength} characters.`
  return isStorable(name) && !/[\p{Cc}\ufffd]/u.test(name) ? undefined : "An attribute's name has characters that cannot be kept."
}

function attributesFaults(attributes: Record<string, unknown>): RowFault[] {
  const entries = Object.entries(attributes)
  if (entries.length > maxColumns) {
    return [
      { column: 'attributes', code: 'too_many_attributes', message: `At most ${maxColumns} attributes.`, value: entries.length },
    ]
  }
  return entries.flatMap(([name, value]) => attributeFault(name, value) ?? [])
}

function attributeFault(name: string, value: unknown): RowFault | undefined {
  const problem = nameProblem(name)
  if (problem !== undefined) return { column: name.slice(0, 64), code: 'invalid_name', message: problem, value: name }
  if (typeof value === 'string') return textFault(name, value)
  const plain = value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  return plain
    ? undefined
    : { column: name, code: 'invalid_type', message: 'Expected a text, a number, true, false or null.', value }
}

/** What is shown of a value at fault, and can be kept. */
export function excerpt(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.slice(0, 100).toWellFormed().replaceAll('\0', '\ufffd')
}

/** The faults of a row as a problem document shows them, for rows that came inside a body. */
export const faultsAt = (pointer: string, faults: readonly RowFault[]): Fault[] =>
  faults.map(({ column, code, message }) => ({
    pointer:
      column === 'key' || column === 'locale' || column === 'attributes'
        ? `${pointer}/${column}`
        : `${pointer}/attributes/${column ?? ''}`,
    code,
    message,
  }))
