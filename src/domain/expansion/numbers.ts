/** Numbers as people of a locale write them. Formatters are kept: making one costs more than using it a thousand times. */
const formatters = new Map<string, Intl.NumberFormat>()

function formatterFor(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${options.currency ?? ''} ${options.minimumFractionDigits ?? ''} ${options.maximumFractionDigits ?? ''}`
  let formatter = formatters.get(key)
  if (!formatter) {
    // Locales come from uploads: a list of made-up ones must not fill the memory.
    if (formatters.size >= 1000) formatters.clear()
    formatter = new Intl.NumberFormat(locale, options)
    formatters.set(key, formatter)
  }
  return formatter
}

function toNumber(value: unknown, filter: string): number {
  const number = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  if (!Number.isFinite(number)) throw new Error(`the filter ${filter} needs a number`)
  return number
}

/** `{{ 4.5 | money: "EUR" }}` is "4,50 €" in es-ES; whole amounts go without decimals ("5 €"), as ads write them. */
export function formatMoney(value: unknown, currency: unknown, locale: string): string {
  const amount = toNumber(value, 'money')
  if (typeof currency !== 'string' || !/^[A-Za-z]{3}$/.test(currency)) {
    throw new Error('the filter money needs a currency of three letters, e.g. money: "EUR"')
  }
  const digits = Number.isInteger(amount) ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {}
  return formatterFor(locale, { style: 'currency', currency: currency.toUpperCase(), ...digits }).format(amount)
}

/** `{{ 1234.5 | number }}` is "1.234,5" in de; with digits, exactly that many decimals. */
export function formatNumber(value: unknown, digits: unknown, locale: string): string {
  const amount = toNumber(value, 'number')
  if (digits === undefined) return formatterFor(locale, { maximumFractionDigits: 6 }).format(amount)
  const places = toNumber(digits, 'number')
  if (!Number.isInteger(places) || places < 0 || places > 6) throw new Error('the filter number takes 0 to 6 decimals')
  return formatterFor(locale, { minimumFractionDigits: places, maximumFractionDigits: places }).format(amount)
}
