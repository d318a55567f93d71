/** Compositions for tests: one to change, and random ones. */
import * as fc from 'fast-check'
import { anchors, type Composition, motions, type OutputFormat, type Overlay, textStyles } from '#src/contracts/composition.ts'
import { builtInFormats } from '#src/domain/format/rules.ts'

export const formats: readonly OutputFormat[] = [...builtInFormats.values()].map((format) => format as OutputFormat)
export const formatOf = (id: string): OutputFormat => formats.find((format) => format.id === id)!

export const logo = 'a'.repeat(64)

export const timed = { offset: { x: 0, y: 0 }, from: 0, to: 4, enter: 'none', exit: 'none' } as const

export const text = (copy: string, more: object = {}): Overlay => ({
  kind: 'text',
  text: copy,
  style: 'headline',
  anchor: 'top',
  ...timed,
  ...more,
})
export const button = (copy: string, more: object = {}): Overlay => ({
  kind: 'button',
  text: copy,
  anchor: 'bottom',
  ...timed,
  ...more,
})
export const image = (more: object = {}): Overlay => ({
  kind: 'image',
  image: logo,
  width: 0.18,
  anchor: 'top_left',
  ...timed,
  ...more,
})

export const composition = (more: Partial<Composition> = {}): Composition => ({
  format: formatOf('reels_9x16'),
  locale: 'en',
  clips: [{ sha256: 'c'.repeat(64), seconds: 4 }],
  audio: { kind: 'none' },
  overlays: [],
  endCard: null,
  label: { text: 'Made with AI' },
  brand: { fonts: { headline: 'Inter', body: 'Inter' }, colors: { text: '#ffffff', accent: '#ff6a3d' } },
  ...more,
})

/** Copy in every script that ships, by locale. */
export const copies = {
  en: ['Maria, wake up slower', 'From €4.90', 'One coffee at a time, roasted in small batches every week.'],
  de: ['Annegret, Kaffeevollautomaten zum Wochenendpreis', 'Jetzt ab 4,90 € sichern', 'Jede Woche frisch geröstet.'],
  vi: ['Mai ơi, thức dậy thật chậm rãi nhé', 'Chỉ từ 49.000 ₫', 'Từng tách cà phê được rang mẻ nhỏ mỗi tuần.'],
  ru: ['Мария, просыпайтесь медленнее', 'От 490 ₽', 'Кофе свежей обжарки каждую неделю.'],
  el: ['Μαρία, ξύπνα πιο αργά', 'Από 4,90 €', 'Φρεσκοκαβουρδισμένος καφές κάθε εβδομάδα.'],
  ar: ['ماريا، استيقظي على مهل مع Aurora', 'ابتداءً من 49 د.إ', 'قهوة محمصة طازجة كل أسبوع.'],
  hi: ['मारिया, सुबह को धीरे से जीओ', 'केवल ₹499 से', 'हर हफ़्ते ताज़ा भुनी हुई कॉफ़ी।'],
  th: ['มาเรีย ตื่นให้ช้าลงในเช้าวันใหม่', 'เริ่มต้น ฿149', 'กาแฟคั่วใหม่ทุกสัปดาห์ส่งตรงถึงบ้าน'],
  ja: ['マリアさん、朝をもっとゆっくり味わおう', '490円から', '毎週焼きたてのコーヒー豆をご自宅へお届けします。'],
  'zh-CN': ['玛丽亚，慢慢享受清晨的第一杯咖啡', '低至 ¥49', '每周新鲜烘焙，直接送到您家。'],
  ko: ['마리아, 아침을 더 천천히 즐기세요', '4,900원부터', '매주 갓 볶은 커피를 집으로 보내 드립니다.'],
} as const satisfies Record<string, readonly string[]>

export const locales = Object.keys(copies) as (keyof typeof copies)[]

const seconds = fc
  .tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 1, max: 8 }))
  .map(([from, length]) => ({ from, to: from + length }))
const offsets = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ x: 0, y: 0 }) },
  {
    weight: 1,
    arbitrary: fc.record({ x: fc.double({ min: -1, max: 1, noNaN: true }), y: fc.double({ min: -1, max: 1, noNaN: true }) }),
  },
)

const placed = fc
  .record({
    anchor: fc.constantFrom(...anchors),
    offset: offsets,
    enter: fc.constantFrom(...motions),
    exit: fc.constantFrom(...motions),
  })
  .chain((place) => seconds.map((span) => ({ ...place, ...span })))

function overlays(locale: keyof typeof copies): fc.Arbitrary<Overlay> {
  const words = fc
    .array(fc.constantFrom(...copies[locale], 'Aurora'), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join(' '))
  return fc.oneof(
    fc
      .tuple(placed, words, fc.constantFrom(...textStyles))
      .map(([place, copy, style]): Overlay => ({ kind: 'text', text: copy, style, ...place })),
    fc
      .tuple(placed, fc.constantFrom(...copies[locale]))
      .map(([place, copy]): Overlay => ({ kind: 'button', text: copy, ...place })),
    fc
      .tuple(placed, fc.double({ min: 0.02, max: 1, noNaN: true }))
      .map(([place, width]): Overlay => ({ kind: 'image', image: logo, width, ...place })),
  )
}

/** Any format, locale, and up to seven overlays at any anchor, time and offset. */
export const compositions: fc.Arbitrary<Composition> = fc
  .record({ format: fc.constantFrom(...formats), locale: fc.constantFrom(...locales), card: fc.boolean(), label: fc.boolean() })
  .chain(({ format, locale, card, label }) =>
    fc.array(overlays(locale), { maxLength: 7 }).map((list) =>
      composition({
        format,
        locale,
        overlays: list,
        clips: [{ sha256: 'c'.repeat(64), seconds: 16 }],
        label: label ? { text: 'Made with AI' } : null,
        endCard: card ? { seconds: 2, background: '#14110f', text: copies[locale][0], logo } : null,
      }),
    ),
  )

export const logoShapes = [
  { width: 400, height: 160 },
  { width: 100, height: 400 },
  { width: 64, height: 64 },
]
