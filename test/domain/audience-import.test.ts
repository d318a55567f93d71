import { createAudiences } from '#src/domain/audience/service.ts'
import type { ImportInput } from '#src/domain/audience/service-import.ts'
import { createFormats } from '#src/domain/format/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createTemplates } from '#src/domain/template/service.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

let database: TestDatabase
let scope: Scope
let audienceId: string

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const services = () => {
  const templates = createTemplates({ ids: newId, formats: createFormats() })
  return { templates, audiences: createAudiences({ pool: database.pool, ids: newId, templates }) }
}

beforeEach(async () => {
  scope = await createTestWorkspace(database.db)
  audienceId = (await services().audiences.create(scope, { name: 'A', metadata: {} })).id
})

const upload = (body: string | Buffer | Readable, more: Partial<ImportInput> = {}) =>
  services().audiences.importSegments(scope, audienceId, {
    format: 'csv',
    mode: 'replace',
    body: body instanceof Readable ? body : Readable.from([Buffer.from(body)]),
    ...more,
  })

const segments = async () =>
  (await services().audiences.segments(scope, audienceId, { limit: 100 })).data.map(({ key, locale, attributes }) => ({
    key,
    locale,
    attributes,
  }))

/** The body cut into pieces of n bytes, so that nothing can depend on where a chunk ends. */
function pieces(body: Buffer, n: number): Readable {
  return Readable.from(Array.from({ length: Math.ceil(body.length / n) }, (_, i) => body.subarray(i * n, (i + 1) * n)))
}

describe('CSV', () => {
  it.each([
    ['comma', 'key,locale,name,price\ns1,es_es,Ana,4.5\ns2,,"Smith, ""J""\nJr",\n'],
    ['semicolon', 'key;locale;name;price\r\ns1;es-ES;Ana;4.5\r\ns2;;"Smith, ""J""\nJr";\r\n'],
    ['tab and a BOM', '\ufeffkey\tlocale\tattributes.name\tprice\ns1\tes-es\tAna\t4.5\ns2\ten\t"Smith, ""J""\nJr"\t'],
  ])('reads %s', async (_name, body) => {
    for (const size of [1, 7, 1000]) {
      const result = await upload(pieces(Buffer.from(body), size))
      expect(result).toMatchObject({ status: 'succeeded', rows: 2, accepted: 2, refused: 0, errors: [] })
      expect(await segments()).toEqual([
        { key: 's1', locale: 'es-ES', attributes: { name: 'Ana', price: '4.5' } },
        { key: 's2', locale: 'en', attributes: { name: 'Smith, "J"\nJr' } },
      ])
    }
  })

  it('reads UTF-16 as spreadsheets save it', async () => {
    await upload(Buffer.from('\ufeffkey\tname\ns1\tŽofie\n', 'utf16le'))
    expect(await segments()).toEqual([{ key: 's1', locale: 'en', attributes: { name: 'Žofie' } }])
  })

  it('refuses single rows with their number, and takes the others', async () => {
    const big = 'x'.repeat(10 * 1024 * 1024)
    const body = Buffer.concat([
      Buffer.from(`key,locale,name\ngood,en,Ana\n,en,nokey\n\nbig,en,${big}\nutf,en,A`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\ngood,en,twice\nloc,not a locale,x\nmany,en,a,b\nstray,en,5" screen\nlast,de,Ende\n'),
    ])
    const result = await upload(pieces(body, 65_536))
    expect(result).toMatchObject({ status: 'succeeded', accepted: 2, refused: 7, rows: 9, revision: 1 })
    expect(result.errors.map(({ row, column, code }) => [row, column, code])).toEqual([
      [3, 'key', 'required'],
      [5, 'name', 'cell_too_large'],
      [6, 'name', 'invalid_utf8'],
      [7, 'key', 'duplicate_key'],
      [8, 'locale', 'unknown_locale'],
      [9, null, 'too_many_cells'],
      [10, null, 'stray_quote'],
    ])
    expect(result.errors[3]!.message).toContain('row 2')
    expect(result.errors[1]!.value).toHaveLength(100)
    expect((await segments()).map((s) => s.key)).toEqual(['good', 'last'])
  })

  it.each([
    ['no key column', 'locale,name\nen,Ana\n', { pointer: '/columns/key', message: expect.stringContaining('"locale", "name"') }],
    ['an empty file', '', { pointer: '/columns/key' }],
    ['a column twice', 'key,a,a\n1,2,3\n', { code: 'duplicate_column' }],
    ['a quote that is never closed', 'key,a\n1,"x\n2,y\n', { code: 'broken_quotes', pointer: '/rows/2' }],
    ['text after a closing quote', 'key,a\n1,x\n2,"x" y\n3,z\n', { code: 'broken_quotes', pointer: '/rows/3' }],
  ])('refuses a file with %s and leaves the audience as it was', async (_name, body, fault) => {
    await upload('key\nbefore\n')
    await expect(upload(body)).rejects.toMatchObject({ code: 'invalid', errors: [expect.objectContaining(fault)] })
    expect((await segments()).map((s) => s.key)).toEqual(['before'])
  })

  it('leaves the audience as it was when every row is refused, or there is none', async () => {
    await upload('key\nbefore\n')
    expect(await upload('key,locale\n,en\n')).toMatchObject({
      status: 'failed',
      revision: null,
      error: { code: 'all_rows_refused' },
    })
    expect(await upload('key,locale\n')).toMatchObject({ status: 'failed', error: { code: 'no_rows' } })
    expect((await segments()).map((s) => s.key)).toEqual(['before'])
  })

  it('leaves the audience as it was when the upload breaks off, and the connection usable', async () => {
    await upload('key\nbefore\n')
    const broken = async function* () {
      yield Buffer.from('key\nx1\n')
      for (let i = 0; i < 50; i++) yield Buffer.from(Array.from({ length: 2000 }, (_, n) => `k${i}-${n}\n`).join(''))
      throw new Error('connection reset')
    }
    await expect(upload(Readable.from(broken()))).rejects.toThrow('connection reset')
    expect((await segments()).map((s) => s.key)).toEqual(['before'])
    expect((await upload('key\nafter\n')).status).toBe('succeeded')
  })

  it('checks columns and values against a template when asked', async () => {
    const { templates } = services()
    const { id: template_id } = await templates.create(scope, {
      template: {
        name: 'T',
        variables: [
          { name: 'price', type: 'number', max: 100 },
          { name: 'name', type: 'string', default: 'you' },
        ],
        clip: { prompt: 'x', seconds: 4 },
        formats: ['square_1x1'],
      },
      metadata: {},
    })
    await expect(upload('key,name\ns1,Ana\n', { template_id })).rejects.toMatchObject({
      errors: [{ pointer: '/columns/price', code: 'missing_column' }],
    })
    const result = await upload('key,price\ns1,4.5\ns2,"4,5"\ns3,\ns4,101\n', { template_id })
    expect(result.errors.map(({ row, column, code, value }) => [row, column, code, value])).toEqual([
      [3, 'price', 'bad_number', '4,5'],
      [4, 'price', 'required', null],
      [5, 'price', 'not_allowed', '101'],
    ])
    expect((await segments()).map((s) => s.key)).toEqual(['s1'])
  })
})

describe('JSON', () => {
  const rows = [{ key: 'a', locale: 'ar', attributes: { name: 'سارة "x" [{,}] \\', n: 4.5, ok: true, none: null } }, { key: 'b' }]

  it.each(['json', 'ndjson'] as const)('reads %s in pieces of any size', async (format) => {
    const text =
      format === 'json' ? ` ${JSON.stringify(rows, null, 1)}\n` : `\ufeff${rows.map((r) => JSON.stringify(r)).join('\r\n')}\n\n`
    for (const size of [1, 3, 64, 10_000]) {
      expect(await upload(pieces(Buffer.from(text), size), { format })).toMatchObject({ accepted: 2, refused: 0 })
      expect(await segments()).toEqual([rows[0], { key: 'b', locale: 'en', attributes: {} }])
    }
  })

  it('refuses single rows with their number', async () => {
    const lines = [
      '{"key":"ok"}',
      '{"key":"x", nope}',
      '["key"]',
      '{"key":"y","color":"red"}',
      '{"key":"z","attributes":{"list":[1]}}',
      '{"key":"nul","attributes":{"a":"x\\u0000y"}}',
      '{"key":"half","attributes":{"a":"\\ud800"}}',
      `{"key":"huge","attributes":{"a":"${'x'.repeat(2 * 1024 * 1024)}"}}`,
      '{"key":"ok"}',
    ]
    const expected = [
      'bad_json',
      'invalid_type',
      'unknown_field',
      'invalid_type',
      'invalid_text',
      'invalid_text',
      'row_too_large',
      'duplicate_key',
    ]
    const ndjson = await upload(lines.join('\n'), { format: 'ndjson' })
    expect(ndjson.errors.map((e) => e.code)).toEqual(expected)
    expect(ndjson.errors.map((e) => e.row)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    const json = await upload(`[${lines.join(',')}]`, { format: 'json' })
    expect(json.errors.map((e) => e.code)).toEqual(expected)
  })

  it.each(['{"key":"a"}', '[{"key":"a"}', '[{"key":"a"}] x', '[{"key":"a"}}', 'nonsense', ''])(
    'refuses %j, which is no array',
    async (body) => {
      await expect(upload(body, { format: 'json' })).rejects.toMatchObject({ code: 'invalid' })
    },
  )

  it('takes an empty array for an upload without rows', async () => {
    expect(await upload('[ ]', { format: 'json' })).toMatchObject({ status: 'failed', rows: 0, error: { code: 'no_rows' } })
  })
})

describe('revisions', () => {
  const stored = () =>
    database.db
      .selectFrom('segments')
      .select(['key', 'revision_from', 'revision_to'])
      .where('audience_id', '=', audienceId)
      .orderBy('key')
      .orderBy('revision_from')
      .execute()

  it('replaces: unchanged segments keep their row, others end or begin with the revision', async () => {
    await upload('key,a\nsame,1\nchanged,1\ngone,1\n')
    await upload('key,a\nsame,1\nchanged,2\nnew,1\n')
    expect(await stored()).toEqual([
      { key: 'changed', revision_from: 1, revision_to: 2 },
      { key: 'changed', revision_from: 2, revision_to: null },
      { key: 'gone', revision_from: 1, revision_to: 2 },
      { key: 'new', revision_from: 2, revision_to: null },
      { key: 'same', revision_from: 1, revision_to: null },
    ])
    expect(await services().audiences.get(scope, audienceId)).toMatchObject({ revision: 2, segment_count: 3 })
  })

  it('upserts: writes what changed, keeps the rest and the order', async () => {
    await upload('key,a\na,1\nb,1\nc,1\n')
    const result = await upload('key,a\nd,1\nb,2\na,1\n', { mode: 'upsert' })
    expect(result).toMatchObject({ accepted: 3, revision: 2 })
    expect((await segments()).map(({ key, attributes }) => [key, attributes['a']])).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '1'],
      ['d', '1'],
    ])
    expect(await services().audiences.get(scope, audienceId)).toMatchObject({ segment_count: 4 })
    expect((await stored()).filter((row) => row.key === 'a')).toHaveLength(1)
  })

  it('forgets old revisions that no campaign reads', async () => {
    for (let i = 0; i < 4; i++) await upload(`key,a\nx,${i}\n`)
    expect((await stored()).map((row) => row.revision_from)).toEqual([3, 4])
  })

  it('erases a person from every revision and from what imports said', async () => {
    await upload('key,a\nx,1\ny,1\ny,2\n')
    const { id } = await upload('key,a\nx,2\ny,1\nx,3\n')
    await services().audiences.eraseSegment(scope, audienceId, 'x')
    expect((await stored()).map((row) => row.key)).toEqual(['y'])
    expect(await services().audiences.get(scope, audienceId)).toMatchObject({ segment_count: 1 })
    expect((await services().audiences.importErrors(scope, id, { limit: 10 })).data[0]).toMatchObject({
      code: 'duplicate_key',
      value: null,
    })
    await expect(services().audiences.eraseSegment(scope, audienceId, 'x')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('keeps another workspace out', async () => {
    const other = await createTestWorkspace(database.db)
    await expect(services().audiences.get(other, audienceId)).rejects.toMatchObject({ code: 'not_found' })
    await expect(
      services().audiences.importSegments(other, audienceId, {
        format: 'csv',
        mode: 'replace',
        body: Readable.from([Buffer.from('key\na\n')]),
      }),
    ).rejects.toMatchObject({ code: 'not_found' })
  })
})
