/** How Postgres values arrive in JavaScript; per pool, so that no other user of `pg` in the process is touched. */
import pg from 'pg'

const { builtins } = pg.types

/** @throws RangeError above 2^53: a rounded amount of money must never go on */
function parseWhole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`The database returned ${text}, which a number cannot hold exactly.`)
  return value
}

/** The schema has no numeric column: numeric only comes from sum() and avg() over whole numbers. */
const parseNumeric = (text: string): number => (/^-?\d+$/.test(text) ? parseWhole(text) : Number(text))

const parseDate = pg.types.getTypeParser(builtins.TIMESTAMPTZ)
/** The last instant that a Date can hold: `infinity`, which pg would return as a number, stays a Date that is far away. */
export const farFuture = (): Date => new Date(8.64e15)
export const farPast = (): Date => new Date(-8.64e15)

function parseTimestamp(text: string): Date {
  if (text === 'infinity') return farFuture()
  return text === '-infinity' ? farPast() : (parseDate(text) as Date)
}

const parsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, parseWhole],
  [builtins.NUMERIC, parseNumeric],
  [builtins.TIMESTAMPTZ, parseTimestamp],
])

export const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format as 'text'),
}
