/** Cases: a request for an operation, whole or broken in one of the ways in which callers break them. */
import fc from 'fast-check'
import type { Description, Operation } from './description.ts'
import { createValues, junk, nastyText } from './values.ts'
import { seeds } from './seeds.ts'

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

const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })

export function createCases(description: Description): fc.Arbitrary<Case> {
  const values = createValues(description)

  const parameters = (operation: Operation, place: 'path' | 'query') => {
    const own = operation.parameters.filter((parameter) => parameter.in === place)
    const model = Object.fromEntries(
      own.map(({ name, schema }) => [
        name,
        fc.oneof(
          weighted(12, values.of(name === 'campaign_id' ? { type: 'string', examples: ['cmp_0'] } : schema)),
          weighted(1, nastyText),
        ),
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
      const raw = text.map((chars) => ({ contentType, body: { text: chars } }))
      const others = fc.constantFrom(
        'text/plain',
        'application/xml',
        'application/json; charset=latin1',
        '',
        'multipart/form-data',
      )
      const mistyped = fc.tuple(whole, others).map(([value, type]) => ({ contentType: type, body: { json: value } }))
      if (!contentType.endsWith('json')) return raw
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
