/** How Postgres values arrive in JavaScript; per pool, so that no other user of `pg` in the process is touched. */
import { type CustomTypesConfig, types as defaults } from 'pg'

const { builtins } = defaults

/** @throws RangeError above 2^53: a rounded amount of money must never go on */
function parseWhole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`The database returned ${text}, which a number cannot hold exactly.`)
  return value
}

/** The schema has no numeric column: numeric only comes from sum() and avg() over whole numbers. */
const parseNumeric = (text: string): number => (/^-?\d+$/.test(text) ? parseWhole(text) : Number(text))

const parseDate = defaults.getTypeParser(builtins.TIMESTAMPTZ)
/** The last instant that a Date can hold: `infinity`, which pg would return as a number, stays a Date that is far away. */
export const farFuture = (): Date => new Date(8.64e15)

function parseTimestamp(text: string): Date {
  if (text === 'infinity') return farFuture()
  return text === '-infinity' ? new Date(-8.64e15) : (parseDate(text) as Date)
}

const parsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, parseWhole],
  [builtins.NUMERIC, parseNumeric],
  [builtins.TIMESTAMPTZ, parseTimestamp],
])

export const types: CustomTypesConfig = {
  getTypeParser: (oid, format) => (format !== 'binary' && parsers.get(oid)) || defaults.getTypeParser(oid, format),
}
