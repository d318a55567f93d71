/** COPY … FROM STDIN: the quickest way to write many rows. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

type CopyValue = string | number | boolean | object | null | undefined

/** A value in COPY's text format. Objects and arrays are for jsonb columns; a text[] column takes {@link textArray}. */
export function copyValue(value: CopyValue): string {
  if (value === null || value === undefined) return '\\N'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return needsEscape.test(text) ? text.replace(escapes, (sign) => escaped[sign]!) : text
}

const needsEscape = /[\\\n\r\t]/
const escapes = /[\\\n\r\t]/g
const escaped: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A text[] literal of plain ids. */
export const textArray = (ids: readonly string[]): string => `{${ids.join(',')}}`

export const copyLine = (values: readonly CopyValue[]): string => `${values.map(copyValue).join('\t')}\n`

/**
 * Streams lines of COPY text into a table, with the database's own back pressure.
 * @param target table and columns, e.g. `segments (key, locale)`; never made from input
 * @throws what the source throws, or the database's error; the transaction is then unusable
 */
export async function copyInto(
  client: ClientBase,
  target: string,
  lines: AsyncIterable<string> | Iterable<string>,
  signal?: AbortSignal,
): Promise<void> {
  const sink = client.query(copyFrom(`copy ${target} from stdin`))
  await pipeline(Readable.from(lines, { objectMode: true, highWaterMark: 4 }), sink, { signal })
}
