import type { Composition } from '#src/contracts/composition.ts'
import { createFormats } from '#src/domain/format/service.ts'
import { createPreviews, type PreviewInput } from '#src/domain/preview/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createTemplates } from '#src/domain/template/service.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { template } from './plan-fixture.ts'

let database: TestDatabase
let scope: Scope
beforeAll(async () => {
  database = await createTestDatabase()
  scope = await createTestWorkspace(database.db)
})
afterAll(() => database.close())

function setUp() {
  const formats = createFormats()
  const templates = createTemplates({ ids: newId, formats })
  const drawn: { composition: Composition; options: object }[] = []
  const previews = createPreviews({
    templates,
    formats,
    withAssets: (_media, use) => use({}),
    still: (composition, _assets, options) => {
      drawn.push({ composition, options })
      return Promise.resolve({ jpeg: Buffer.from('jpeg'), findings: [{ overlay: 0, code: 'text_shrunk', message: 'small' }] })
    },
  })
  return { templates, previews, drawn }
}

const input = (more: Partial<PreviewInput>): PreviewInput => ({
  template,
  attributes: { first_name: 'Ana', scene: 'train', price: '4.5' },
  segment_key: 's1',
  locale: 'es_es',
  guides: false,
  ...more,
})

it('shows the prompt, the texts and a still per format, without saving anything', async () => {
  const { previews, drawn } = setUp()
  const preview = await previews.create(scope, input({}))
  expect(preview).toMatchObject({
    object: 'preview',
    prompts: ['A cup in a train'],
    texts: { overlays: ['Hola Ana', 'From 4,50\u00a0€'], end_card: 'example/s1' },
    stills: [
      {
        format: 'reels_9x16',
        width: 1080,
        height: 1920,
        image: 'data:image/jpeg;base64,anBlZw==',
        findings: [{ code: 'text_shrunk' }],
      },
      { format: 'square_1x1' },
    ],
  })
  expect(drawn[0]!.composition.locale).toBe('es-ES')
  expect(await database.db.selectFrom('templates').select('id').execute()).toEqual([])
})

it('shows the moment in which the most is to be seen, unless another is asked for', async () => {
  const { previews, drawn } = setUp()
  const overlays = [
    { kind: 'text', text: 'a', from: 0, to: 3 },
    { kind: 'text', text: 'b', from: 2, to: 4 },
  ]
  await previews.create(scope, input({ template: { ...template, overlays }, formats: ['square_1x1'] }))
  await previews.create(
    scope,
    input({ template: { ...template, overlays }, formats: ['square_1x1'], at_seconds: 99, guides: true }),
  )
  expect(drawn.map(({ options }) => options)).toEqual([
    { atSeconds: 2.5, guides: false },
    { atSeconds: 5, guides: true },
  ])
})

it('uses a saved template in a named version', async () => {
  const { previews, templates } = setUp()
  const { id } = await templates.create(scope, { template, metadata: {} })
  await templates.replace(scope, id, {
    template: { ...template, clip: { prompt: 'Another {{ scene }}', seconds: 4 } },
    metadata: {},
  })
  const prompts = async (template_version?: number) =>
    (await previews.create(scope, input({ template: undefined, template_id: id, template_version }))).prompts
  expect([await prompts(1), await prompts()]).toEqual([['A cup in a train'], ['Another train']])
})

it.each([
  [{ attributes: { scene: 'moon', price: 'x' } }, ['/attributes/scene', '/attributes/price']],
  [{ template: { ...template, overlays: [{ kind: 'text', text: '{{ nobody }}' }] } }, ['/template/overlays/0/text']],
  [{ formats: ['square_1x1', 'nope'] }, ['/formats/1']],
  [{ locale: 'not a locale' }, ['/locale']],
])('says what is wrong with %j', async (more, pointers) => {
  const failed = setUp().previews.create(scope, input(more))
  await expect(failed).rejects.toMatchObject({
    code: 'invalid',
    errors: pointers.map((pointer) => expect.objectContaining({ pointer })),
  })
})
