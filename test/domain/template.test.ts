import { builtInFormats } from '#src/domain/format/rules.ts'
import { createFormats } from '#src/domain/format/service.ts'
import { checkTemplate, mediaReferences, type Template } from '#src/domain/template/rules.ts'
import { createTemplates } from '#src/domain/template/service.ts'
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts'
import { createTestWorkspace, newId } from '#test/support/workspace.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const base = {
  name: 'Coffee',
  variables: [
    { name: 'first_name', type: 'string', max_length: 24, personal: true, default: 'there' },
    { name: 'scene', type: 'enum', values: ['kitchen', 'train'], use: ['prompt'] },
    { name: 'mood', type: 'string', use: ['prompt', 'overlay'], allow_free_text: true },
    { name: 'price', type: 'number' },
    { name: 'product', type: 'image' },
  ],
  clip: { prompt: 'A cup in a {{ scene }}, {{ mood }}', seconds: 6 },
  overlays: [{ kind: 'text', text: { default: 'Hi {{ first_name }}', es: 'Hola {{ first_name }}' }, from: 0.4, to: 4.5 }],
  formats: ['reels_9x16'],
}

const check = (more: object) => checkTemplate({ ...base, ...more }, { formats: builtInFormats })
const faults = (more: object) => {
  const checked = check(more)
  return 'errors' in checked ? checked.errors.map(({ pointer, code }) => [pointer, code]) : []
}
const prompt = (text: string) => faults({ clip: { prompt: text, seconds: 6 } })

describe('a template', () => {
  it('gets its defaults', () => {
    const checked = check({})
    expect(checked).toMatchObject({
      template: {
        clip: { resolution: '1080p', audio: 'none', reference_media_id: null, framing: 'per_ratio', seed: null, take: 1 },
        overlays: [{ style: 'headline', anchor: 'top', offset: { x: 0, y: 0 }, enter: 'none', exit: 'none' }],
        end_card: null,
        brand: { fonts: { headline: 'Inter', body: 'Inter' }, colors: { text: '#ffffff', accent: '#ff6a3d' } },
        disclosure: { label: true },
      },
    })
    expect(checkTemplate((checked as { template: Template }).template, { formats: builtInFormats })).toEqual(checked)
  })

  it('is refused with every fault at once, each with its place', () => {
    expect(
      faults({
        variables: [...base.variables, { name: 'price', type: 'boolean' }, { name: 'segment', type: 'boolean' }],
        overlays: [
          { kind: 'text', text: { es: 'x' }, from: 7 },
          { kind: 'image', anchor: 'top_left' },
          { kind: 'image', variable: 'price' },
        ],
        formats: ['reels_9x16', 'nope', 'reels_9x16', 'amazon_streaming_tv'],
        disclosure: { label: false },
        brand: { fonts: { headline: 'Comic Sans' } },
      }),
    ).toEqual([
      ['/variables/5/name', 'duplicate_variable'],
      ['/variables/6/name', 'reserved_name'],
      ['/overlays/0/text', 'default_missing'],
      ['/overlays/0/from', 'outside_video'],
      ['/overlays/1', 'image_missing'],
      ['/overlays/2/variable', 'unknown_variable'],
      ['/formats/1', 'unknown_format'],
      ['/formats/2', 'duplicate_format'],
      ['/formats/3', 'duration_not_allowed'],
      ['/disclosure/reason', 'reason_missing'],
      ['/brand/fonts/headline', 'unknown_font'],
    ])
  })

  it('is strict about its fields, wherever they are', () => {
    expect(faults({ colour: 'red', clip: { prompt: 'x', seconds: 6, second: 1 } })).toEqual([
      ['/clip/second', 'unknown_field'],
      ['/colour', 'unknown_field'],
    ])
    expect(faults({ overlays: [{ kind: 'text', text: 'x', enter: 'spin' }] })).toEqual([['/overlays/0/enter', 'invalid_value']])
    expect(faults({ name: 'a\0b' })).toEqual([['/name', 'unstorable_text']])
    expect(checkTemplate(null, { formats: builtInFormats, pointer: '/template' })).toMatchObject({
      errors: [{ pointer: '/template' }],
    })
  })

  it.each([
    [{ type: 'string', max_length: 3, default: 'four' }, '/default'],
    [{ type: 'enum', values: ['a'], default: 'b' }, '/default'],
    [{ type: 'number', min: 3, default: 2 }, '/default'],
    [{ type: 'number', min: 3, max: 2 }, '/min'],
    [{ type: 'number', default: '2' }, '/default'],
    [{ type: 'image', default: 'https://x.example/a.png' }, '/default'],
    [{ type: 'enum', values: ['a', 'a'] }, '/values'],
  ])('is refused for the variable %j', (variable, part) => {
    expect(faults({ variables: [...base.variables, { name: 'v', ...variable }] }).map(([pointer]) => pointer)).toEqual([
      `/variables/5${part}`,
    ])
  })

  it('names every medium', () => {
    const checked = check({
      clip: { prompt: 'x', seconds: 6, audio: { media_id: 'med_song' }, reference_media_id: 'med_ref' },
      overlays: [{ kind: 'image', media_id: 'med_logo' }],
      end_card: { seconds: 1, logo_media_id: 'med_end' },
      brand: { fonts: { headline: 'med_font' } },
    })
    const references = mediaReferences((checked as { template: Template }).template)
    expect(references.map(({ id, pointer, kinds }) => [id, pointer, kinds[0]])).toEqual([
      ['med_ref', '/clip/reference_media_id', 'image'],
      ['med_song', '/clip/audio/media_id', 'audio'],
      ['med_end', '/end_card/logo_media_id', 'image'],
      ['med_logo', '/overlays/0/media_id', 'image'],
      ['med_font', '/brand/fonts/headline', 'font'],
    ])
  })
})

describe('a prompt', () => {
  it.each([
    ['{{ first_name }}', 'personal_in_prompt'],
    ['{% assign x = first_name %}{{ x }}', 'personal_in_prompt'],
    ['{% capture x %}{{ first_name | upcase }}{% endcapture %}{{ x }}', 'personal_in_prompt'],
    ['{% if first_name == "Ana" %}a{% endif %}', 'personal_in_prompt'],
    ['{% unless scene == first_name %}a{% endunless %}', 'personal_in_prompt'],
    ['{% case scene %}{% when first_name %}a{% endcase %}', 'personal_in_prompt'],
    ['{{ "x" | append: first_name }}', 'personal_in_prompt'],
    ['{{ nothing | default: first_name }}', 'unknown_variable'],
    ['{% for i in (1..price) %}a{% endfor %}', 'not_for_prompts'],
    ['{{ ["first_name"] }}', 'personal_in_prompt'],
    ['{% echo first_name %}', 'personal_in_prompt'],
    ['{{ segment.key }}', 'segment_in_prompt'],
    ['{{ segment["locale"] }}', 'segment_in_prompt'],
    ['{% assign s = segment %}{{ s.key }}', 'segment_in_prompt'],
    ['{{ [scene] }}', 'unknown_variable'],
    ['{{ colour }}', 'unknown_variable'],
    ['{{ scene.length }}', 'unknown_variable'],
    ['{{ scene', 'liquid_syntax'],
    ['{% if scene %}', 'liquid_syntax'],
    ['{{ scene | shout }}', 'liquid_syntax'],
    ['{% include "x" %}', 'liquid_syntax'],
    ['{% render "x" %}', 'liquid_syntax'],
    ['{% layout "x" %}', 'liquid_syntax'],
    ['{% for i in (1..1000000000) %}a{% endfor %}', 'liquid_limit'],
    ['{% for i in (1..5000) %}{% for j in (1..5000) %}{% endfor %}{% endfor %}', 'liquid_limit'],
    [
      '{% assign r = (1..100) %}{% for a in r %}{% for b in r %}{% for c in r %}{% for d in r %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}',
      'liquid_limit',
    ],
  ])('is refused for %s', (text, code) => {
    expect(prompt(text).map(([, found]) => found)).toContain(code)
    expect(prompt(text).every(([pointer]) => pointer === '/clip/prompt')).toBe(true)
  })

  it('says the line of a broken tag', () => {
    const checked = check({ clip: { prompt: 'one\ntwo {% if scene %}', seconds: 6 } })
    expect('errors' in checked && checked.errors[0]!.message).toContain('line:2')
  })

  it('may branch and loop over what is allowed', () => {
    expect(
      prompt('{% if scene == "train" %}fast{% else %}slow{% endif %} {% for i in (1..3) %}very {% endfor %}{{ mood | strip }}'),
    ).toEqual([])
  })

  it.each([
    [{ name: 'p', type: 'enum', values: ['a'], use: ['prompt'], personal: true }, 'personal_in_prompt'],
    [{ name: 'p', type: 'string', use: ['prompt'] }, 'free_text_in_prompt'],
    [{ name: 'p', type: 'string', use: ['prompt'], allow_free_text: true, personal: true }, 'personal_in_prompt'],
    [{ name: 'p', type: 'image', use: ['prompt'] }, 'image_in_prompt'],
  ])('has no use for the variable %j', (variable, code) => {
    expect(faults({ variables: [...base.variables, variable] })).toEqual([['/variables/5/use', code]])
  })
})

describe('texts over the video', () => {
  it.each([
    ['{{ segment.key }} {{ segment.locale }} {{ first_name }} {{ price | money: "EUR" }} {{ price | number: 2 }}', []],
    ['{{ scene }}', ['not_for_overlays']],
    ['{{ segment.attributes }}', ['unknown_variable']],
    ['{{ price | money: "euro" }}', ['liquid_render']],
    ['{{ first_name | money: "EUR" }}', ['liquid_render']],
  ])('%s', (text, codes) => {
    expect(faults({ overlays: [{ kind: 'button', text }] }).map(([, code]) => code)).toEqual(codes)
  })

  it('need locales that exist', () => {
    expect(faults({ overlays: [{ kind: 'text', text: { default: 'x', 'not a locale': 'y' } }] })).toEqual([
      ['/overlays/0/text/not a locale', 'unknown_locale'],
    ])
  })
})

describe('the service', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.close())
  const service = () => createTemplates({ ids: newId, formats: createFormats() })

  it('keeps every version as it was', async () => {
    const scope = await createTestWorkspace(database.db)
    const first = await service().create(scope, { template: base, metadata: { a: '1' } })
    const second = await service().replace(scope, first.id, { template: { ...base, name: 'Tea' }, metadata: {} })
    expect([first.version, second.version, second.name]).toEqual([1, 2, 'Tea'])
    expect((await service().get(scope, first.id, 1)).template.name).toBe('Coffee')
    expect((await service().versions(scope, first.id, { limit: 1 })).data.map((v) => v.version)).toEqual([2])
    await service().archive(scope, first.id)
    expect((await service().list(scope, { limit: 10 })).data).toEqual([])
    expect((await service().get(scope, first.id)).archived_at).not.toBeNull()
    await expect(service().replace(scope, first.id, { template: base, metadata: {} })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('numbers versions without a gap when several are made at once', async () => {
    const scope = await createTestWorkspace(database.db)
    const { id } = await service().create(scope, { template: base, metadata: {} })
    const make = () =>
      database.db.transaction().execute((db) => service().replace({ ...scope, db }, id, { template: base, metadata: {} }))
    const versions = (await Promise.all([make(), make(), make()])).map((template) => template.version)
    expect(versions.toSorted((a, b) => a - b)).toEqual([2, 3, 4])
  })

  it('knows the media of its own workspace only, and the formats', async () => {
    const scope = await createTestWorkspace(database.db)
    const withLogo = { ...base, end_card: { seconds: 1, logo_media_id: 'med_logo' } }
    await expect(service().create(scope, { template: withLogo, metadata: {} })).rejects.toMatchObject({
      code: 'invalid',
      errors: [{ pointer: '/template/end_card/logo_media_id', code: 'unknown_media' }],
    })
    const formats = createFormats()
    const own = { ...builtInFormats.get('square_1x1')!, id: 'mine', width: 640, height: 640 }
    await formats.create(scope, own)
    expect((await service().create(scope, { template: { ...base, formats: ['mine'] }, metadata: {} })).template.formats).toEqual([
      'mine',
    ])
    const other = await createTestWorkspace(database.db)
    await expect(formats.get(other, 'mine')).rejects.toMatchObject({ code: 'not_found' })
    await expect(formats.delete(scope, 'reels_9x16')).rejects.toMatchObject({ code: 'conflict' })
    await expect(
      formats.create(scope, { ...own, safe_zone_px: { top: 0, bottom: 0, left: 320, right: 320 } }),
    ).rejects.toMatchObject({ code: 'invalid' })
    expect((await formats.list(scope)).filter((f) => !f.built_in).map((f) => f.id)).toEqual(['mine'])
  })

  it('writes down who switched the label off, and why', async () => {
    const scope = await createTestWorkspace(database.db)
    const { id } = await service().create(scope, {
      template: { ...base, disclosure: { label: false, reason: 'internal test' } },
      metadata: {},
    })
    const log = await database.db.selectFrom('audit_log').selectAll().where('subject', '=', id).execute()
    expect(log).toMatchObject([{ action: 'template.label_off', actor: 'system', details: { reason: 'internal test' } }])
  })
})
