/** Cases: a request for an operation, whole or broken in one of the ways in which callers break them. */
import fc from 'fast-check'
import type { Description, Operation, Parameter } from './description.ts'
import { createValues, junk, nastyText, placeholder } from './values.ts'
import { boundary, seeds, texts } from './seeds.ts'

export type Identity = 'full' | 'none' | 'unknown' | 'unscoped'

export interface Case {
  readonly operation: Operation
  readonly identity: Identity
  readonly path: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly contentType?: string | undefined
  /** A value that is sent as JSON, or text that is sent as it is. */
  readonly body?: { readonly json: unknown } | { readonly text: string } | undefined
}

/** Replaces, removes or adds something at a random place of a JSON value. */
const broken = (value: unknown): fc.Arbitrary<unknown> =>
  fc.tuple(fc.nat(), fc.nat(3), junk, nastyText).map(([where, how, spare, name]) => mutate(value, where, how, spare, name))

function mutate(value: unknown, where: number, how: number, spare: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return spare
  const keys = Object.keys(value)
  const key = keys[where % (keys.length + 1)]
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>
  if (key === undefined) return how === 0 ? spare : Object.assign(copy, { [name]: spare })
  if (how > 1 && typeof copy[key] === 'object') copy[key] = mutate(copy[key], Math.floor(where / 7), how, spare, name)
  else if (how === 0) delete copy[key]
  else copy[key] = spare
  return copy
}

/** Filters that take an id, whatever their schema says. */
const referring: Readonly<Record<string, string>> = {
  campaign_id: 'cmp',
  endpoint_id: 'whe',
  event_id: 'evt',
  template_id: 'tmpl',
}

/** Names that are not ids of their own kind. */
const existing: Readonly<Record<string, readonly string[]>> = {
  provider: ['storyboard'],
  model: ['animatic', 'storyboard/animatic'],
  key: ['mine-s0', 'mine-s1', 'a'],
  format_id: ['small_9x16', 'seed_9x16', 'reels_9x16'],
}

const typeOf = (contentType: string) =>
  contentType === 'multipart/form-data' ? `${contentType}; boundary=${boundary}` : contentType

const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })

export function createCases(description: Description): fc.Arbitrary<Case> {
  const values = createValues(description)

  const cursor = fc.oneof(
    fc.nat(20).map((index) => placeholder('cursor', index)),
    fc
      .constantFrom('0', '-1', '1e3', '99999999999999999999', '1:2', 'cmp_1', 'Infinity', '2026-02-30', '1:', ':')
      .map((key) => Buffer.from(key).toString('base64url')),
  )
  const whole = ({ name, schema }: Parameter): fc.Arbitrary<unknown> => {
    if (name === 'cursor') return cursor
    const known = existing[name]
    if (known) return fc.oneof(fc.constantFrom(...known), values.of(schema))
    const prefix = referring[name]
    return values.of(prefix ? { type: 'string', examples: [`${prefix}_0`] } : schema)
  }

  const parameters = (operation: Operation, place: 'path' | 'query') => {
    const own = operation.parameters.filter((parameter) => parameter.in === place)
    const isFormat = operation.path.startsWith('/v1/formats/')
    const model = Object.fromEntries(
      own.map((one) => [
        one.name,
        fc.oneof(weighted(12, whole(isFormat ? { ...one, name: 'format_id' } : one)), weighted(1, nastyText)),
      ]),
    )
    return place === 'path'
      ? fc.record(model)
      : fc.oneof(
          weighted(6, fc.record(model, { requiredKeys: [] })),
          weighted(1, fc.dictionary(nastyText, nastyText, { maxKeys: 3 })),
        )
  }

  const identity: fc.Arbitrary<Identity> = fc.oneof(
    weighted(20, fc.constant<Identity>('full')),
    weighted(1, fc.constantFrom<Identity>('none', 'unknown', 'unscoped')),
  )
  const visible = fc.stringMatching(/^[!-~]{1,40}$/)
  const headers: fc.Arbitrary<Record<string, string>> = fc.oneof(
    weighted(6, fc.constant({})),
    weighted(
      1,
      visible.map((key) => ({ 'idempotency-key': key })),
    ),
    weighted(
      1,
      fc.constantFrom({ 'idempotency-key': 'k'.repeat(256) }, { 'idempotency-key': 'a b' }, { 'idempotency-key': 'again' }),
    ),
    weighted(
      1,
      fc.constantFrom<Record<string, string>>(
        { 'if-match': '*' },
        { 'if-match': '"other"' },
        { 'if-match': 'W/"x", ' },
        { accept: 'image/png' },
      ),
    ),
  )

  function bodies(operation: Operation): fc.Arbitrary<Pick<Case, 'body' | 'contentType'>> {
    const choices = Object.entries(operation.bodies).map(([contentType, schema]) => {
      const good = seeds[operation.id]
      const whole = good ? fc.oneof(values.of(schema), fc.constantFrom(...good)) : values.of(schema)
      const json = (arbitrary: fc.Arbitrary<unknown>) => arbitrary.map((value) => ({ contentType, body: { json: value } }))
      const text = fc.oneof(
        nastyText,
        fc.constantFrom('{', '[1,]', '{"a":1}{"b":2}', '"', '{"__proto__":{"x":1}}', '['.repeat(2000)),
      )
      const files = fc.constantFrom(...(texts[`${operation.id} ${contentType}`] ?? ['']))
      const raw = text.map((chars) => ({ contentType, body: { text: chars } }))
      const file = files.map((chars) => ({ contentType: typeOf(contentType), body: { text: chars } }))
      const others = fc.constantFrom(
        'text/plain',
        'application/xml',
        'application/json; charset=latin1',
        '',
        'multipart/form-data',
      )
      const mistyped = fc.tuple(whole, others).map(([value, type]) => ({ contentType: type, body: { json: value } }))
      if (operation.bodies['text/csv'] || !contentType.endsWith('json')) return fc.oneof(file, raw)
      return fc.oneof(weighted(8, json(whole)), weighted(8, json(whole.chain(broken))), weighted(1, raw), weighted(1, mistyped))
    })
    const nothing = fc.constant({})
    return choices.length === 0 ? nothing : fc.oneof(...choices.map((choice) => weighted(12, choice)), weighted(1, nothing))
  }

  const ofOperation = (operation: Operation): fc.Arbitrary<Case> =>
    fc
      .record({
        operation: fc.constant(operation),
        identity,
        path: parameters(operation, 'path'),
        query: parameters(operation, 'query'),
        headers,
        sent: bodies(operation),
      })
      .map(({ sent, ...rest }) => ({ ...rest, ...sent }))

  // What is deleted has to be made first, and pictures take time.
  const weightOf = ({ method, id }: Operation) => (id === 'createPreview' || method === 'DELETE' ? 1 : method === 'GET' ? 3 : 4)
  return fc.oneof(...description.operations.map((operation) => weighted(weightOf(operation), ofOperation(operation))))
}
