import type { ModelCard } from '#src/contracts/model-card.ts'
import type { PlanContext, ShotSpec } from '#src/domain/campaign/types.ts'
import { canonicalJson, digestOf } from '#src/domain/expansion/canonical.ts'
import { assetsOf, compositionOf, shownOverlays } from '#src/domain/expansion/composition.ts'
import { createExpander } from '#src/domain/expansion/expand.ts'
import { fitClip } from '#src/domain/expansion/model-fit.ts'
import { aspectsOf, generationKey, shotKey, shotOf } from '#src/domain/expansion/shot.ts'
import { fold, textFor } from '#src/domain/expansion/text.ts'
import { aspectOf, builtInFormats } from '#src/domain/format/rules.ts'
import { checkTemplate, type Template } from '#src/domain/template/rules.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cards, paidCard } from './plan-fixture.ts'

function templateOf(more: object): Template {
  const checked = checkTemplate(
    { name: 'T', clip: { prompt: 'x', seconds: 4 }, formats: ['square_1x1'], ...more },
    { formats: builtInFormats },
  )
  if ('errors' in checked) throw new Error(JSON.stringify(checked.errors))
  return checked.template
}

const personal = templateOf({
  variables: [
    { name: 'name', type: 'string', personal: true, max_length: 100 },
    { name: 'note', type: 'string', use: ['prompt', 'overlay'], allow_free_text: true, default: 'calm' },
    { name: 'scene', type: 'enum', values: ['sea', 'city'], use: ['prompt'] },
    { name: 'n', type: 'number', min: 0, max: 10, default: 1 },
    { name: 'sale', type: 'boolean', default: false },
  ],
  clip: { prompt: '  A {{ scene }},\n\n {{ note }}  view ', seconds: 4 },
  overlays: [{ kind: 'text', text: '{{ name }}{% if sale %} sale{% endif %}' }],
})
const expand = (attributes: Record<string, string | number | boolean | null>, locale = 'en') =>
  createExpander(personal).expand({ key: 'k', locale, attributes })

describe('a prompt', () => {
  it('is folded, and free of control and invisible characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (note) => {
        const result = expand({ name: 'Ana', scene: 'sea', note })
        if (result.status === 'invalid') return
        expect(result.prompt).toMatch(/^A sea,/)
        expect(result.prompt).not.toMatch(/[\p{Cc}\u2028-\u202e\u2060-\u2064\ufeff]|\s\s|^\s|\s$/u)
        expect(result.prompt.isWellFormed()).toBe(true)
      }),
    )
  })

  it('does not depend on the personal values, the key or the locale', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 50 }), fc.constantFrom('es', 'ar-EG', 'ja'), (name, locale) => {
        fc.pre(name.trim() !== '')
        const result = expand({ name, scene: 'city' }, locale)
        expect(result).toMatchObject({ status: 'valid', prompt: 'A city, calm view' })
      }),
    )
  })

  it('never takes Liquid out of a value', () => {
    expect(expand({ name: '{{ segment.key }}', scene: 'sea', note: '{{ name }}' })).toMatchObject({
      prompt: 'A sea, {{ name }} view',
      texts: { overlays: ['{{ segment.key }}'] },
    })
  })

  it('finds nothing personal even where the check did not look', () => {
    // A template as it would be if the check of variables failed: rendering has no such value to give away.
    const broken: Template = { ...personal, clip: { ...personal.clip, prompt: 'A {{ name }}' } }
    expect(createExpander(broken).expand({ key: 'k', locale: 'en', attributes: { name: 'Ana', scene: 'sea' } })).toMatchObject({
      status: 'invalid',
      errors: [{ pointer: '/template/clip/prompt', code: 'unknown_variable' }],
    })
  })

  it('that is empty, or loops for long with these values, makes the segment invalid', () => {
    const counted = templateOf({
      variables: [{ name: 'n', type: 'number', use: ['prompt'] }],
      clip: { prompt: '{% for i in (1..n) %}{% if n > 1 %}very {% endif %}{% endfor %}{% if n == 1 %}x{% endif %}', seconds: 4 },
    })
    const run = (n: number) => createExpander(counted).expand({ key: 'k', locale: 'en', attributes: { n } })
    expect(run(2)).toMatchObject({ prompt: 'very very' })
    expect(run(0)).toMatchObject({ errors: [{ code: 'empty_prompt' }] })
    expect(run(1e12)).toMatchObject({ errors: [{ code: 'liquid_limit' }] })
  })
})

describe('attributes', () => {
  it.each([
    [{ n: '4,5' }, 'bad_number'],
    [{ n: 'Infinity' }, 'bad_number'],
    [{ n: '0x10' }, 'bad_number'],
    [{ n: '12345678901234567890' }, 'bad_number'],
    [{ n: 11 }, 'not_allowed'],
    [{ scene: 'moon' }, 'not_allowed'],
    [{ name: 'x'.repeat(101) }, 'not_allowed'],
    [{ name: '  ' }, 'required'],
    [{ name: null }, 'required'],
    [{ sale: 'maybe' }, 'bad_boolean'],
  ])('%j are a fault', (attributes, code) => {
    const name = Object.keys(attributes)[0]!
    const result = expand({ name: 'Ana', scene: 'sea', ...(attributes as Record<string, string>) })
    expect(result).toMatchObject({ status: 'invalid', errors: [{ pointer: `/attributes/${name}`, code }] })
  })

  it('come as texts from a CSV and as values from JSON', () => {
    expect(expand({ name: 5, scene: ' sea ', sale: 'YES', n: '1e1', other: 'ignored' })).toMatchObject({
      texts: { overlays: ['5 sale'] },
    })
  })

  it('count characters as people do', () => {
    const flags = '🇪🇸'.repeat(100)
    expect(expand({ name: flags, scene: 'sea' })).toMatchObject({ status: 'valid', texts: { overlays: [flags] } })
  })
})

describe('locales', () => {
  const text = { default: 'd', es: 'es', 'es-MX': 'mx', 'zh-Hant': 'hant', zh: 'zh' }
  it.each([
    ['es-MX', 'mx'],
    ['es-mx', 'mx'],
    ['es-ES', 'es'],
    ['zh-Hant-TW', 'hant'],
    ['zh-CN', 'zh'],
    ['fr', 'd'],
    ['e', 'd'],
  ])('%s gets %s', (locale, expected) => expect(textFor(text, locale)).toBe(expected))

  it('write money their way', () => {
    const template = templateOf({
      variables: [{ name: 'p', type: 'number' }],
      overlays: [{ kind: 'text', text: '{{ p | money: "EUR" }}' }],
    })
    const show = (locale: string, p: number) => {
      const result = createExpander(template).expand({ key: 'k', locale, attributes: { p } })
      return result.status === 'valid' && result.texts.overlays[0]
    }
    expect([show('de-DE', 1234.5), show('en-US', 1234.5), show('ja', 5)]).toEqual(['1.234,50\u00a0€', '€1,234.50', '€5'])
  })
})

describe('keys', () => {
  const spec: ShotSpec = {
    prompt: 'p',
    seconds: 4,
    aspect_ratio: '9:16',
    resolution: '1080p',
    audio: false,
    reference_sha256: null,
    seed: null,
    take: 1,
  }

  it('depend on everything that decides a clip, and not on the order of fields', () => {
    const others: Partial<ShotSpec>[] = [
      { prompt: 'q' },
      { seconds: 5 },
      { aspect_ratio: '1:1' },
      { resolution: '720p' },
      { audio: true },
      { reference_sha256: 'a' },
      { seed: 0 },
      { take: 2 },
    ]
    const keys = [spec, ...others.map((other) => ({ ...spec, ...other }))].map(shotKey)
    expect(new Set(keys).size).toBe(others.length + 1)
    expect(shotKey(Object.fromEntries(Object.entries(spec).toReversed()) as unknown as ShotSpec)).toBe(keys[0])
    expect(generationKey(keys[0]!, 'a/b')).not.toBe(generationKey(keys[0]!, 'a/c'))
  })

  it('come from one spelling of equal JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
        expect(digestOf(JSON.parse(canonicalJson(value)))).toBe(digestOf(value))
      }),
    )
    expect(canonicalJson({ b: undefined, a: [undefined, 1], ä: 1, B: 2 })).toBe('{"B":2,"a":[null,1],"ä":1}')
  })

  it('are equal for prompts that only differ in white space or composition', () => {
    expect(fold(' Cafe\u0301 \n au  lait')).toBe(fold('Café au lait'))
  })
})

describe('aspects', () => {
  it('need the least crop, and are one for all when framing is shared', () => {
    const formats = ['instream_16x9', 'reels_9x16', 'feed_4x5'].map((id) => builtInFormats.get(id)!)
    expect(formats.map(aspectOf)).toEqual(['16:9', '9:16', '4:5'])
    const shared = templateOf({ clip: { prompt: 'x', seconds: 4, framing: 'shared' } })
    expect(new Set(Object.values(aspectsOf(shared, formats)))).toEqual(new Set(['16:9']))
  })
})

describe('a model', () => {
  const spec: ShotSpec = {
    prompt: 'p',
    seconds: 5,
    aspect_ratio: '4:5',
    resolution: '720p',
    audio: true,
    reference_sha256: null,
    seed: 7,
    take: 1,
  }

  it('is asked for the nearest, and what changes is told', () => {
    const fit = fitClip(spec, paidCard)
    expect(fit).toMatchObject({ clip: { seconds: 8, aspectRatio: '1:1', resolution: '1080p', audio: false } })
    expect(fit.status === 'fits' && fit.changes.map((change) => change.code)).toEqual([
      'aspect_ratio_changed',
      'seconds_changed',
      'resolution_changed',
      'audio_missing',
      'seed_ignored',
    ])
  })

  it('never gets less time than the shot needs', () => {
    fc.assert(
      fc.property(
        fc.float({ min: 1, max: 30, noNaN: true }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (seconds, values) => {
          const card: ModelCard = { ...paidCard, durations: { values } }
          const fit = fitClip({ ...spec, seconds }, card)
          const offered = fit.status === 'fits' ? fit.clip.seconds : undefined
          const enough = values.filter((value) => value >= seconds)
          expect(offered).toBe(enough.length === 0 ? undefined : Math.min(...enough))
        },
      ),
    )
  })

  it('is impossible when it makes no clip that long, or cannot take the reference', () => {
    expect(fitClip({ ...spec, seconds: 9 }, paidCard)).toMatchObject({ status: 'impossible', code: 'clip_too_long' })
    expect(fitClip({ ...spec, reference_sha256: 'a' }, cards.get('test/video')!)).toMatchObject({
      code: 'reference_not_accepted',
    })
  })
})

describe('a composition', () => {
  const template = templateOf({
    clip: { prompt: 'x', seconds: 4, audio: { media_id: 'med_song' } },
    overlays: [
      { kind: 'text', text: 'Hello', to: 3, enter: 'fade' },
      { kind: 'text', text: '' },
      { kind: 'image', media_id: 'med_logo', width: 0.2 },
    ],
    end_card: { seconds: 1.5, background: '#123456', text: 'Bye', logo_media_id: 'med_logo' },
    brand: { fonts: { headline: 'med_font' } },
  })
  const media = Object.fromEntries(
    ['med_song', 'med_logo', 'med_font'].map((id, i) => [
      id,
      { sha256: String(i).repeat(64), file_id: id, object_key: id, media_type: 'x/y' },
    ]),
  )
  const context: PlanContext = {
    template,
    formats: { square_1x1: builtInFormats.get('square_1x1')! },
    media,
    models: [],
    aspects: { square_1x1: '1:1' },
  }
  const expanded = createExpander(template).expand({ key: 'k', locale: 'ar', attributes: {} })
  if (expanded.status !== 'valid') throw new Error('invalid')
  const { texts } = expanded
  const parts = { context, texts, locale: 'ar', format: 'square_1x1', clips: [{ sha256: 'c'.repeat(64), seconds: 4 }] }

  it('is complete, with nothing left to resolve', () => {
    expect(compositionOf(parts)).toEqual({
      format: expect.objectContaining({ id: 'square_1x1', width: 1080, height: 1080, button_allowed: true }),
      locale: 'ar',
      clips: [{ sha256: 'c'.repeat(64), seconds: 4 }],
      audio: { kind: 'track', sha256: '0'.repeat(64) },
      overlays: [
        {
          kind: 'text',
          text: 'Hello',
          style: 'headline',
          anchor: 'top',
          offset: { x: 0, y: 0 },
          from: 0,
          to: 3,
          enter: 'fade',
          exit: 'none',
        },
        {
          kind: 'image',
          image: '1'.repeat(64),
          width: 0.2,
          anchor: 'top_left',
          offset: { x: 0, y: 0 },
          from: 0,
          to: 4,
          enter: 'none',
          exit: 'none',
        },
      ],
      endCard: { seconds: 1.5, background: '#123456', text: 'Bye', logo: '1'.repeat(64) },
      label: { text: expect.stringContaining('AI') },
      brand: { fonts: { headline: '2'.repeat(64), body: 'Inter' }, colors: { text: '#ffffff', accent: '#ff6a3d' } },
    })
    expect(shownOverlays(texts)).toEqual([0, 2])
    expect(
      assetsOf(parts)
        .map((asset) => asset.object_key)
        .toSorted(),
    ).toEqual(['med_font', 'med_logo', 'med_song'])
  })

  it('is the same, to the byte, for the same parts read back from the database', () => {
    const again = JSON.parse(JSON.stringify(parts)) as typeof parts
    expect(canonicalJson(compositionOf(again))).toBe(canonicalJson(compositionOf(parts)))
  })

  it('has no label when it is switched off', () => {
    const off: Template = { ...template, disclosure: { label: false, style: 'text', reason: 'x' } }
    const result = createExpander(off).expand({ key: 'k', locale: 'ar', attributes: {} })
    expect(result.status === 'valid' && compositionOf({ ...parts, texts: result.texts }).label).toBeNull()
  })

  it('belongs to one shot', () => {
    expect(shotOf(context, 'p', '1:1')).toEqual({
      prompt: 'p',
      seconds: 4,
      aspect_ratio: '1:1',
      resolution: '1080p',
      audio: false,
      reference_sha256: null,
      seed: null,
      take: 1,
    })
  })
})
