/** Rows of NDJSON and of a JSON array, in bounded memory: texts of single rows are cut out and read one by one. */
import { invalid } from '#src/errors.ts'
import { isRecord, maxRowBytes, refusedRow, rowOf, type Row, type RowCheck } from './row.ts'

/** One row's text; null when it was too long to keep. */
type RowText = string | null

const tooLarge = (number: number): Row =>
  refusedRow(number, {
    column: null,
    code: 'row_too_large',
    message: `The row is larger than ${maxRowBytes / 1024} KiB.`,
    value: null,
  })

function readRow(text: RowText, number: number, check: RowCheck): Row {
  if (text === null) return tooLarge(number)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refusedRow(number, { column: null, code: 'bad_json', message: 'The row is not valid JSON.', value: text })
  }
  if (!isRecord(value)) {
    return refusedRow(number, {
      column: null,
      code: 'invalid_type',
      message: 'Expected an object with "key" and "attributes".',
      value: text,
    })
  }
  const { key, locale, attributes, ...others } = value
  const unknown = Object.keys(others)[0]
  if (unknown === undefined) return rowOf(number, { key, locale, attributes }, check)
  const message = `There is no field "${unknown.slice(0, 64)}"; a row has "key", "locale" and "attributes".`
  return refusedRow(number, { column: unknown.slice(0, 64).toWellFormed(), code: 'unknown_field', message, value: null })
}

/** Bytes that are no UTF-8 become the replacement character, which refuses their row. A BOM is dropped. */
async function* decode(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8')
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

/** Joins the pieces of a row that came in several chunks, up to the limit. */
function createJoiner() {
  let pieces: string[] = []
  let length = 0
  return {
    add(piece: string): void {
      length += piece.length
      if (length <= maxRowBytes) pieces.push(piece)
      else pieces = []
    },
    take(): RowText {
      const text = length > maxRowBytes ? null : pieces.join('')
      pieces = []
      length = 0
      return text
    },
  }
}

/** Lines in chunks; the row number is the line's. */
async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<RowText[]> {
  const joiner = createJoiner()
  for await (const chunk of decode(body)) {
    const parts = chunk.split('\n')
    const last = parts.pop() ?? ''
    yield parts.map((part) => {
      joiner.add(part)
      return joiner.take()
    })
    joiner.add(last)
  }
  yield [joiner.take()]
}

export async function* ndjsonRows(body: AsyncIterable<Uint8Array>, check: RowCheck): AsyncGenerator<Row[]> {
  let number = 0
  for await (const batch of lines(body)) {
    const rows: Row[] = []
    for (const text of batch) {
      number += 1
      if (text === null || text.trim() !== '') rows.push(readRow(text, number, check))
    }
    yield rows
  }
}

const structural = /["\\[\]{},]/g

const badArray = (number: number) =>
  invalid([
    {
      pointer: `/${number}`,
      code: 'bad_json',
      message: `The body is not a JSON array of rows; it cannot be read after element ${number}.`,
    },
  ])

/**
 * Cuts the elements out of a top-level array by following strings and brackets only; JSON.parse then reads each. Its
 * state lives from chunk to chunk.
 */
function createScanner() {
  const joiner = createJoiner()
  let found: RowText[] = []
  let chunk = ''
  /** Where the part of the chunk begins that belongs to no element yet. */
  let from = 0
  let depth = 0
  let inString = false
  /** The last chunk ended in a backslash: the first character of the next one is no sign. */
  let escaped = false
  let count = 0
  let ended = false

  function keep(to: number): void {
    const piece = chunk.slice(from, to)
    if (depth > 0) joiner.add(piece)
    else if (/\S/.test(piece)) throw badArray(count)
    from = to
  }

  function finish(at: number): void {
    keep(at)
    found.push(joiner.take())
    count += 1
    from = at + 1
  }

  function open(at: number, sign: string): void {
    if (depth === 0) {
      if (sign !== '[' || ended) throw badArray(count)
      keep(at)
      from = at + 1
    }
    depth += 1
  }

  function close(at: number, sign: string): void {
    if (depth === 1) {
      if (sign !== ']') throw badArray(count)
      finish(at)
      ended = true
    }
    depth -= 1
  }

  function inText(at: number, sign: string): void {
    if (sign === '"') inString = false
    if (sign !== '\\') return
    escaped = at + 1 === chunk.length
    structural.lastIndex = at + 2
  }

  function outside(at: number, sign: string): void {
    if (sign === '[' || sign === '{') open(at, sign)
    else if (depth === 0) throw badArray(count)
    else if (sign === '"') inString = true
    else if (sign === ']' || sign === '}') close(at, sign)
    else if (sign === ',' && depth === 1) finish(at)
  }

  return {
    cut(next: string): RowText[] {
      chunk = next
      from = 0
      found = []
      structural.lastIndex = escaped && next !== '' ? 1 : 0
      escaped &&= next === ''
      for (let match = structural.exec(chunk); match; match = structural.exec(chunk)) {
        if (inString) inText(match.index, match[0])
        else outside(match.index, match[0])
      }
      keep(chunk.length)
      return found
    },
    end(): void {
      if (!ended) throw badArray(count)
    },
  }
}

async function* elements(body: AsyncIterable<Uint8Array>): AsyncGenerator<RowText[]> {
  const scanner = createScanner()
  for await (const chunk of decode(body)) yield scanner.cut(chunk)
  scanner.end()
}

/** The row number is the element's, from 1. */
export async function* jsonRows(body: AsyncIterable<Uint8Array>, check: RowCheck): AsyncGenerator<Row[]> {
  let number = 0
  for await (const batch of elements(body)) {
    const rows: Row[] = []
    for (const text of batch) {
      number += 1
      // `[]` has one element without text.
      if (number > 1 || text === null || text.trim() !== '') rows.push(readRow(text, number, check))
    }
    yield rows
  }
}
