/** Figures as people read them. */
const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })
const cents = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
})
const counts = new Intl.NumberFormat('en-US')
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const times = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

/** Micro-USD; amounts below a dollar keep their fractions of a cent. */
export const money = (microUsd: number): string =>
  (microUsd !== 0 && Math.abs(microUsd) < 1_000_000 ? cents : dollars).format(microUsd / 1_000_000)
export const count = (n: number): string => counts.format(n)
export const day = (iso: string): string => days.format(new Date(iso))
export const time = (iso: string): string => times.format(new Date(iso))
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`

export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let at = 0
  let rest = n
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000
    at++
  }
  return `${rest < 10 && at > 0 ? rest.toFixed(1) : Math.round(rest)} ${units[at]}`
}

/** Seconds of machine or waiting time, roughly. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(seconds < 36_000 ? 1 : 0)} h`
}

/** A code as a label: `in_review` → `In review`. */
export const label = (code: string): string => {
  const text = code.replaceAll('_', ' ')
  return text[0]!.toUpperCase() + text.slice(1)
}

/** A language's own name. */
export function language(locale: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(locale) ?? locale
  } catch {
    return locale
  }
}

const rightToLeft = new Set(['ar', 'he', 'fa', 'ur', 'yi', 'ps', 'dv'])
export const direction = (locale: string): 'rtl' | 'ltr' => (rightToLeft.has(locale.split('-')[0]!) ? 'rtl' : 'ltr')
