import '#test/media/fonts-setup.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atomsOf } from '#src/media/text-break.ts'
import { textStyles } from '#src/contracts/composition.ts'
import { resolveFont } from '#src/media/fonts.ts'
import { measure } from '#src/media/text-measure.ts'
import { localeDirection, textDirection } from '#src/media/text-script.ts'
import { sizesPx } from '#src/media/text-style.ts'
import { fitText, type TextBlock, type TextRequest } from '#src/media/text.ts'
import { copies, locales } from '#test/media/layout-compositions.ts'

const frame = { width: 1080, height: 1920 }
const fit = (text: string, more: Partial<TextRequest> = {}): TextBlock =>
  fitText({ text, style: 'headline', locale: 'en', maxWidth: 823, maxHeight: 500, frame, fontFamily: 'Inter', ...more })

const requests = fc
  .record({
    locale: fc.constantFrom(...locales),
    style: fc.constantFrom(...textStyles),
    maxWidth: fc.integer({ min: 8, max: 1800 }),
    maxHeight: fc.integer({ min: 4, max: 900 }),
    word: fc.string({ unit: 'grapheme', maxLength: 30 }),
  })
  .chain(({ word, ...rest }) =>
    fc
      .array(fc.constantFrom(...copies[rest.locale], word, 'Donaudampfschifffahrtsgesellschaft', 'aurora.example/de-west-17'), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => ({ ...rest, text: parts.join(' ') })),
  )

const squashed = (text: string): string => text.replaceAll(/\s/g, '')

describe('fitText', () => {
  it('never leaves its box, and says so when that costs text', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const block = fit(request.text, request)
        expect(block.width).toBeLessThanOrEqual(request.maxWidth)
        expect(block.height).toBeLessThanOrEqual(request.maxHeight)
        const { min, max } = sizesPx(request.style, frame)
        expect(block.sizePx).toBeLessThanOrEqual(max)
        expect(block.overflow || block.sizePx >= min - 1).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps every character and breaks no word unless it is flagged', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...locales),
        fc.integer({ min: 300, max: 1800 }),
        fc.integer({ min: 0, max: 2 }),
        (locale, maxWidth, index) => {
          const copy = copies[locale][index]!
          const block = fit(copy, { locale, maxWidth })
          if (block.overflow) return
          expect(squashed(block.lines.join(''))).toBe(squashed(copy))
          const words = atomsOf(copy, locale, 'words').map((atom) => atom.text)
          for (const word of words)
            expect(
              block.lines.some((line) => line.includes(word)),
              `"${word}" in ${block.lines.join(' | ')}`,
            ).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is as large as the style allows, and no larger than fits', () => {
    const { max } = sizesPx('headline', frame)
    expect(fit('Wake up').sizePx).toBe(max)
    const tight = fit('Wake up slower every single morning', { maxHeight: 120 })
    expect(tight.sizePx).toBeLessThan(max)
    expect(tight.overflow).toBe(false)
  })

  it('balances lines: no lone last word', () => {
    const block = fit('One coffee at a time, roasted in small batches every single week', { style: 'body', maxWidth: 700 })
    const widths = block.lines.map((line) => measure(line, block.setting).advance)
    expect(block.lines.length).toBeGreaterThan(1)
    expect(Math.min(...widths) / Math.max(...widths)).toBeGreaterThan(0.6)
  })

  it('tears a word only as the last resort, with the flag and an ellipsis', () => {
    const block = fit('x'.repeat(400))
    expect(block.overflow).toBe(true)
    expect(block.lines.at(-1)).toMatch(/…$/)
    expect(fit('กาแฟ'.repeat(120), { locale: 'th' })).toMatchObject({ overflow: true })
  })

  it('prefers a whole address in small to a broken one', () => {
    expect(fit('aurora.example/west-17', { style: 'end_card', maxWidth: 696 }).lines).toEqual(['aurora.example/west-17'])
  })

  it('breaks a compound at its hyphens rather than make it tiny', () => {
    const block = fit('Kaffee-Vollautomaten-Angebot', { maxWidth: 480 })
    expect(block.lines.length).toBeGreaterThan(1)
    expect(block.overflow).toBe(false)
    for (const line of block.lines.slice(0, -1)) expect(line).toMatch(/-$/)
  })

  it('flags what is smaller than reads well', () => {
    expect(fit('Wake up').shrunk).toBe(false)
    expect(fit('Wake up slower every single morning '.repeat(5)).shrunk).toBe(true)
  })

  it('leaves out what no font has and names it', () => {
    expect(fit('שלום Maria\u0007')).toMatchObject({ missing: 'שלום', lines: ['Maria'] })
  })

  it('keeps line breaks of the copy, and spaces that must not break', () => {
    expect(fit('One\nTwo').lines).toEqual(['One', 'Two'])
    const price = fit('Only 4\u202f900,50\u00a0€ now', { maxWidth: 420 }).lines
    expect(price.some((line) => line.includes('4\u00a0900,50\u00a0€'))).toBe(true)
  })

  it('is empty for an empty text', () => {
    expect(fit('  \n ')).toMatchObject({ lines: [], width: 0, height: 0, overflow: false })
  })

  it('measures thousands of texts a second', () => {
    const count = 2000
    for (const [locale, name] of [
      ['en', (i: number) => `Maria ${i}, wake up slower`],
      ['zh-CN', (i: number) => `玛丽亚${i}，慢慢享受清晨`],
    ] as const) {
      const started = performance.now()
      for (let i = 0; i < count; i += 1) fit(name(i), { locale })
      const perSecond = Math.round(count / ((performance.now() - started) / 1000))
      console.log(`fitText, ${locale}: ${perSecond} texts a second`)
      expect(perSecond).toBeGreaterThan(300)
    }
  })
})

describe('line breaking', () => {
  const closing = /^[、。，．！？）」』】ー々っゃゅょッャュョ]/u
  const opening = /[（「『【]$/u
  const japanese = fc.array(
    fc.constantFrom(
      '朝',
      'コーヒー',
      '（特別）',
      '「今日」',
      '。',
      '、',
      'ゆっくり',
      'きょう',
      'マリアさん',
      '30日',
      '！',
      'ちょっと',
    ),
    {
      minLength: 1,
      maxLength: 20,
    },
  )

  it('keeps to kinsoku', () => {
    fc.assert(
      fc.property(japanese, (parts) => {
        const atoms = atomsOf(parts.join(''), 'ja', 'words').map((atom) => atom.text)
        expect(atoms.join('')).toBe(parts.join(''))
        atoms.slice(1).forEach((atom) => expect(atom).not.toMatch(closing))
        atoms.slice(0, -1).forEach((atom) => expect(atom).not.toMatch(opening))
      }),
    )
  })

  it('starts no line with a dash or a closing mark, ends none with an opening one', () => {
    expect(atomsOf('Bonjour ! Café – à « midi »', 'fr', 'words').map((atom) => atom.text)).toEqual([
      'Bonjour !',
      'Café –',
      'à',
      '« midi »',
    ])
  })

  it('keeps particles and units with their word', () => {
    const texts = (copy: string, locale: string) => atomsOf(copy, locale, 'words').map((atom) => atom.text)
    expect(texts('朝をもっと', 'ja')).toContain('朝を')
    expect(texts('11月30日まで', 'ja')[0]).toMatch(/^11月/)
    expect(texts('美好的早晨', 'zh-CN')[0]).toBe('美好的')
  })

  it('keeps a minus sign and short parts whole', () => {
    const hyphens = (copy: string) => atomsOf(copy, 'de', 'hyphens').map((atom) => atom.text)
    expect(hyphens('-20 % x-1 Kaffee-Automat https://a.example/b-c')).toEqual([
      '-20 %',
      'x-1',
      'Kaffee-',
      'Automat',
      'https://a.example/b-c',
    ])
  })
})

describe('measuring', () => {
  it('scales exactly with whole sizes, so that one measurement serves all', () => {
    for (const locale of locales) {
      const font = resolveFont({ text: copies[locale][0], family: 'Inter', locale, weight: 700 })
      const setting = { font, lang: locale, direction: textDirection(copies[locale][0], locale) }
      const at = (factor: number) =>
        measure(copies[locale][0], { ...setting, font: { ...font, css: (px) => font.css(px * factor) } }).advance / factor
      for (const factor of [0.22, 0.5, 1.04, 3]) expect(at(factor)).toBeCloseTo(at(1), 3)
    }
  })
})

describe('direction', () => {
  it('follows the locale, and the letters where the locale does not apply', () => {
    expect(['ar-EG', 'fa', 'ur_PK', 'az-Arab', 'ku-Latn', 'en'].map(localeDirection)).toEqual([
      'rtl',
      'rtl',
      'rtl',
      'rtl',
      'ltr',
      'ltr',
    ])
    expect(textDirection('Maria، استيقظي', 'ar')).toBe('rtl')
    expect(textDirection('aurora.example/ar-1', 'ar')).toBe('ltr')
    expect(textDirection('محمد, wake up', 'en')).toBe('ltr')
    expect(textDirection('استيقظي', 'en')).toBe('rtl')
  })
})
