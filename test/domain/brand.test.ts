import { createBrands } from '#src/domain/brand/service.ts'
import { brandKitSchema, withBrand } from '#src/domain/brand/rules.ts'
import { branded } from '#src/domain/brand/service-apply.ts'
import { builtInFormats } from '#src/domain/format/rules.ts'
import { createFormats } from '#src/domain/format/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { checkTemplate } from '#src/domain/template/rules.ts'
import { createTemplates } from '#src/domain/template/service.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { template } from './plan-fixture.ts'

let database: TestDatabase
let scope: Scope
let stranger: Scope
beforeAll(async () => {
  database = await createTestDatabase()
  scope = await createTestWorkspace(database.db)
  stranger = await createTestWorkspace(database.db)
})
afterAll(() => database.close())

const brands = createBrands({ ids: newId })
const templates = createTemplates({ ids: newId, formats: createFormats() })
const kit = (more: object = {}) =>
  brandKitSchema.parse({ name: 'Aurora', colors: { text: '#fefefe', accent: '#0a5cff' }, background: '#101010', ...more })

it('is kept, changed, listed and deleted in its own workspace alone', async () => {
  const made = await brands.create(scope, kit())
  expect(made).toMatchObject({ object: 'brand', name: 'Aurora', fonts: { headline: 'Inter' }, colors: { accent: '#0a5cff' } })
  expect((await brands.replace(scope, made.id, kit({ name: 'Aurora 2' }))).name).toBe('Aurora 2')
  expect((await brands.list(scope, { limit: 5 })).data.map(({ id }) => id)).toEqual([made.id])
  expect((await brands.list(stranger, { limit: 5 })).data).toEqual([])
  for (const attempt of [brands.get, brands.delete])
    await expect(attempt(stranger, made.id)).rejects.toMatchObject({ code: 'not_found' })
  await brands.delete(scope, made.id)
  await expect(brands.get(scope, made.id)).rejects.toMatchObject({ code: 'not_found' })
})

it('names what is wrong with it: fonts that do not ship, media that are not there', async () => {
  const faulty = kit({ fonts: { headline: 'Comic Sans', body: 'med_none' }, logo_media_id: 'med_gone' })
  await expect(brands.create(scope, faulty)).rejects.toMatchObject({
    errors: [{ pointer: '/fonts/headline' }, { pointer: '/fonts/body' }, { pointer: '/logo_media_id' }],
  })
})

it('dresses the templates that name it, as it is at that moment, and no other', async () => {
  const { id } = await brands.create(scope, kit())
  const named = await templates.check(scope, { ...template, brand_id: id })
  const seen = await branded(scope.db, scope.workspaceId, named)
  expect(seen).toMatchObject({ brand: { colors: { accent: '#0a5cff' } }, end_card: { background: '#101010' } })
  await brands.replace(scope, id, kit({ colors: { text: '#ffffff', accent: '#00aa55' } }))
  expect((await branded(scope.db, scope.workspaceId, named))?.brand.colors.accent).toBe('#00aa55')
  const plain = await templates.check(scope, template)
  expect(await branded(scope.db, scope.workspaceId, plain)).toBe(plain)
  await brands.delete(scope, id)
  expect(await branded(scope.db, scope.workspaceId, named)).toBeUndefined()
  await expect(templates.check(scope, { ...template, brand_id: id })).rejects.toMatchObject({
    errors: [{ pointer: '/template/brand_id', code: 'unknown_brand' }],
  })
})

it('leaves the logo and the ground of an end card that has its own', () => {
  const end_card = { seconds: 1, background: '#abcdef', logo_media_id: 'med_own' }
  const checked = checkTemplate({ ...template, end_card }, { formats: builtInFormats })
  if ('errors' in checked) throw new Error(JSON.stringify(checked.errors))
  expect(withBrand(checked.template, kit({ logo_media_id: 'med_kit' })).end_card).toMatchObject(end_card)
  const bare = withBrand({ ...checked.template, end_card: null }, kit())
  expect(bare.end_card).toBeNull()
})
