import { json, transaction } from '#src/database/client.ts'
import { jsonColumns } from '#src/database/client-json.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import type { Scope } from '#src/domain/scope.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let database: TestDatabase
let scope: Scope
beforeAll(async () => {
  database = await createTestDatabase()
  scope = await createTestWorkspace(database.db)
})
afterAll(() => database.close())

async function insertFormat(spec: object | string | null[]) {
  const id = newId('file')
  await database.db
    .insertInto('formats')
    .values({ workspace_id: scope.workspaceId, id, spec: spec as never })
    .execute()
  return database.db.selectFrom('formats').select('spec').where('id', '=', id).executeTakeFirstOrThrow()
}

describe('jsonb columns', () => {
  test('every one of the schema is known to the plugin', async () => {
    const { rows } = await sql<{ table_name: string; column_name: string }>`
      select c.table_name, c.column_name from information_schema.columns c
      join information_schema.tables t using (table_schema, table_name)
      where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type = 'jsonb'`.execute(database.db)
    const known = Object.entries(jsonColumns).flatMap(([table, columns]) => columns.map((column) => `${table}.${column}`))
    expect(known.toSorted()).toEqual(rows.map((row) => `${row.table_name}.${row.column_name}`).toSorted())
  })

  test.each([[{ a: [1, { b: null }] }], [[1, 'two', [3]]], [[]], ['text'], [[{ quote: `it's "x" \\ \n` }]]])(
    '%j comes back as it went in',
    async (value) => {
      expect((await insertFormat(value)).spec).toEqual(value)
    },
  )

  test('updates, upserts and several rows at once too; null is SQL null', async () => {
    const row = (id: string, spec: unknown) => ({ workspace_id: scope.workspaceId, id, spec: spec as never })
    await database.db
      .insertInto('formats')
      .values([row('a', [1]), row('b', sql`'[2]'::jsonb`)])
      .execute()
    await database.db
      .insertInto('formats')
      .values(row('a', [9]))
      .onConflict((c) => c.columns(['workspace_id', 'id']).doUpdateSet({ spec: ['conflict'] }))
      .execute()
    await database.db
      .updateTable('formats')
      .set({ spec: ['updated'] })
      .where('id', '=', 'b')
      .execute()
    await database.db
      .updateTable('formats as f')
      .set({ spec: json(['raw', null]) })
      .where('f.id', '=', 'none')
      .execute()
    const rows = await database.db
      .selectFrom('formats')
      .select(['id', 'spec'])
      .where('id', 'in', ['a', 'b'])
      .orderBy('id')
      .execute()
    expect(rows).toEqual([
      { id: 'a', spec: ['conflict'] },
      { id: 'b', spec: ['updated'] },
    ])
  })

  test('a text[] column still takes an array', async () => {
    const key = {
      id: newId('apiKey'),
      workspace_id: scope.workspaceId,
      name: 'k',
      prefix: 'spk',
      key_sha256: Buffer.from('x'),
      scopes: ['read', 'write'],
    }
    await database.db.insertInto('api_keys').values(key).execute()
    expect(await database.db.selectFrom('api_keys').select('scopes').executeTakeFirst()).toEqual({ scopes: ['read', 'write'] })
  })
})

describe('values', () => {
  const one = async (expression: string) => (await database.pool.query(`select ${expression} as v`)).rows[0].v as unknown

  test('bigint and sums are numbers, instants are dates', async () => {
    expect(await one('9007199254740991::bigint')).toBe(9_007_199_254_740_991)
    expect(await one('(select sum(n) from (values (1::bigint), (2)) x(n))')).toBe(3)
    expect(await one(`timestamptz '2026-11-22 10:00+00'`)).toEqual(new Date('2026-11-22T10:00:00Z'))
    expect(await one(`timestamptz 'infinity'`)).toEqual(new Date(8.64e15))
  })

  test('an integer that a number cannot hold is an error, not a rounded amount', async () => {
    await expect(one('9007199254740993::bigint')).rejects.toThrow(/9007199254740993/)
  })
})

describe('transaction', () => {
  test('joins the surrounding one', async () => {
    const failing = transaction(database.db, async (trx) => {
      await transaction(trx, (inner) => createTestWorkspace(inner, 'inner'))
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await database.db.selectFrom('workspaces').where('name', '=', 'inner').selectAll().execute()).toEqual([])
  })
})
