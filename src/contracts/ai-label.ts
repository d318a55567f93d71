/**
 * The visible label on every ad made with these models, by language. Each text keeps a capital "AI": the EU's code of
 * practice lets a label be worded freely as long as "AI" stays its main element (facts: AI Act Art. 50).
 * Data only: the plan writes it into a composition, the compositor draws it.
 */
export const generatedLabels = {
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

type Language = keyof typeof generatedLabels

/** For real footage that a model has changed. */
export const modifiedLabels = {
  ar: 'عُدِّل باستخدام AI',
  bg: 'Променено с AI',
  ca: 'Modificat amb AI',
  cs: 'Upraveno pomocí AI',
  da: 'Ændret med AI',
  de: 'Mit AI bearbeitet',
  el: 'Τροποποιήθηκε με AI',
  en: 'Modified with AI',
  es: 'Modificado con AI',
  et: 'Muudetud AI abil',
  fa: 'ویرایش‌شده با AI',
  fi: 'Muokattu AI:lla',
  fr: 'Modifié avec AI',
  ga: 'Athraithe le AI',
  hi: 'AI से बदला गया',
  hr: 'Izmijenjeno uz AI',
  hu: 'AI-val módosítva',
  id: 'Diubah dengan AI',
  it: 'Modificato con AI',
  ja: 'AIで加工',
  ko: 'AI로 수정',
  lt: 'Pakeista su AI',
  lv: 'Pārveidots ar AI',
  mr: 'AI ने बदलले',
  ms: 'Diubah dengan AI',
  mt: 'Modifikat bl-AI',
  nb: 'Endret med AI',
  nl: 'Bewerkt met AI',
  pl: 'Zmienione z AI',
  pt: 'Modificado com AI',
  ro: 'Modificat cu AI',
  ru: 'Изменено с AI',
  sk: 'Upravené s AI',
  sl: 'Spremenjeno z AI',
  sr: 'Измењено уз AI',
  sv: 'Ändrad med AI',
  th: 'ดัดแปลงด้วย AI',
  tr: 'AI ile düzenlendi',
  uk: 'Змінено з AI',
  ur: 'AI سے ترمیم شدہ',
  vi: 'Chỉnh sửa bằng AI',
  zh: '由AI修改',
} as const satisfies Record<Language, string>

const labels = { ai_generated: generatedLabels, ai_modified: modifiedLabels } as const

/** The words of the EU's common icons, the same in every language; we draw a shape of our own around them. */
export const aiIcon = { ai_generated: 'AI GENERATED', ai_modified: 'AI MODIFIED' } as const

/** Languages that go by another tag too. */
const aliases: Readonly<Record<string, Language>> = { no: 'nb', nn: 'nb', yue: 'zh' }

const known = (language: string): language is Language => Object.hasOwn(generatedLabels, language)

/** The label for a BCP 47 locale, by its language; English where we have none. */
export function aiLabel(locale: string, kind: keyof typeof labels = 'ai_generated'): string {
  const language = locale.toLowerCase().split(/[-_]/, 1)[0] ?? ''
  const tag = aliases[language] ?? language
  return labels[kind][known(tag) ? tag : 'en']
}

/** Whether a text has a capital "AI" that is no part of a longer Latin word ("AIR", "HAIR"). */
export const keepsAi = (text: string): boolean => /(?<!\p{Script=Latin})AI(?!\p{Script=Latin})/u.test(text)
