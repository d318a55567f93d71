/**
 * The visible label on every ad made with these models, by language. Each text keeps a capital "AI": the EU's code of
 * practice lets a label be worded freely as long as "AI" stays its main element (facts: AI Act Art. 50).
 * Data only: the plan writes it into a composition, the compositor draws it.
 */
export const aiLabels = {
  ar: 'صُنع باستخدام AI',
  bg: 'Създадено с AI',
  ca: 'Creat amb AI',
  cs: 'Vytvořeno s AI',
  da: 'Lavet med AI',
  de: 'Mit AI erstellt',
  el: 'Δημιουργήθηκε με AI',
  en: 'Made with AI',
  es: 'Creado con AI',
  et: 'Loodud AI abil',
  fa: 'ساخته‌شده با AI',
  fi: 'Tehty AI:lla',
  fr: 'Créé avec AI',
  ga: 'Déanta le AI',
  hi: 'AI से बनाया गया',
  hr: 'Izrađeno uz AI',
  hu: 'AI-val készült',
  id: 'Dibuat dengan AI',
  it: 'Creato con AI',
  ja: 'AIで生成',
  ko: 'AI로 제작',
  lt: 'Sukurta su AI',
  lv: 'Veidots ar AI',
  mr: 'AI ने तयार केले',
  ms: 'Dibuat dengan AI',
  mt: 'Magħmul bl-AI',
  nb: 'Laget med AI',
  nl: 'Gemaakt met AI',
  pl: 'Stworzone z AI',
  pt: 'Criado com AI',
  ro: 'Creat cu AI',
  ru: 'Создано с AI',
  sk: 'Vytvorené s AI',
  sl: 'Ustvarjeno z AI',
  sr: 'Направљено уз AI',
  sv: 'Skapad med AI',
  th: 'สร้างด้วย AI',
  tr: 'AI ile yapıldı',
  uk: 'Створено з AI',
  ur: 'AI سے تیار کردہ',
  vi: 'Tạo bằng AI',
  zh: '由AI生成',
} as const satisfies Record<string, string>

/** Languages that go by another tag too. */
const aliases: Readonly<Record<string, keyof typeof aiLabels>> = { no: 'nb', nn: 'nb', yue: 'zh' }

const known = (language: string): language is keyof typeof aiLabels => Object.hasOwn(aiLabels, language)

/** The label for a BCP 47 locale, by its language; English where we have none. */
export function aiLabel(locale: string): string {
  const language = locale.toLowerCase().split(/[-_]/, 1)[0] ?? ''
  const tag = aliases[language] ?? language
  return known(tag) ? aiLabels[tag] : aiLabels.en
}
