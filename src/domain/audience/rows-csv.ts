/** Rows of a CSV, in bounded memory: any delimiter, a BOM, quoted line breaks, UTF-8 or UTF-16 with a BOM. */
import { Parser, type CsvError } from 'csv-parse'
import { finished } from 'node:stream/promises'
import { invalid } from '#src/errors.ts'
import {
  canonicalLocale,
  keyFault,
  localeFault,
  maxColumns,
  nameProblem,
  refusedRow,
  textFault,
  type Row,
  type RowCheck,
  type RowFault,
} from './row.ts'

/** A row that has not ended by then has a quote that is never closed; it must not fill the memory. */
const maxRecordBytes = 32 * 1024 * 1024
const maxHeaderBytes = 64 * 1024

export interface CsvOptions {
  /** One character; found by itself in the header when it is not given. */
  readonly delimiter?: string | undefined
  readonly check: RowCheck
  /** Attributes that must have a column. */
  readonly required: readonly string[]
}

/**
 * @yields rows in batches of about one chunk of the body
 * @throws invalid for a header without `key`, or a quote after which the rows cannot be told apart
 */
export async function* csvRows(body: AsyncIterable<Uint8Array>, options: CsvOptions): AsyncGenerator<Row[]> {
  const { head, rest } = await takeHeader(body)
  const reader = createReader(options.delimiter ?? delimiterOf(head), options)
  for await (const chunk of rest) {
    reader.write(chunk)
    yield reader.take()
  }
  await reader.end()
  yield reader.take()
}

/** Reads until the header line is whole, or long enough to know its delimiter. */
async function takeHeader(body: AsyncIterable<Uint8Array>): Promise<{ head: Buffer; rest: AsyncIterable<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  let head = Buffer.alloc(0)
  while (head.length < maxHeaderBytes && !head.includes(0x0a)) {
    const next = await chunks.next()
    if (next.done) break
    read.push(next.value)
    head = Buffer.concat([head, next.value])
  }
  async function* rest() {
    yield* read
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  return { head, rest: rest() }
}

/** Whichever usual delimiter stands most often outside quotes in the header. */
function delimiterOf(head: Buffer): string {
  const text = head.toString(head[0] === 0xff && head[1] === 0xfe ? 'utf16le' : 'utf8')
  const line = text.replace(/"[^"]*"/g, '').split(/[\r\n]/, 1)[0] ?? ''
  const count = (delimiter: string) => line.split(delimiter).length
  return [',', ';', '\t', '|'].toSorted((a, b) => count(b) - count(a))[0] ?? ','
}

/** After these the parser no longer knows where a row ends: going on would lose rows without a word. */
const fatal = new Set(['CSV_INVALID_CLOSING_QUOTE', 'CSV_QUOTE_NOT_CLOSED'])

function createReader(delimiter: string, options: CsvOptions) {
  let rows: Row[] = []
  let number = 0
  let toRow: ((cells: readonly string[], number: number) => Row) | undefined
  let broken: Error | undefined
  let sinceRecord = 0
  let skippedLine = -1

  function onRecord(cells: string[]): null {
    sinceRecord = 0
    number += 1
    if (!toRow) readHeader(cells)
    else if (cells.length > 1 || cells[0] !== '') rows.push(toRow(cells, number))
    return null
  }

  /** An exception inside the parser's callback would only come out as its error event, some ticks later. */
  function readHeader(cells: readonly string[]): void {
    try {
      toRow = headerOf(cells, options)
    } catch (error) {
      broken = error as Error
      toRow = (_, n) => refusedRow(n, { column: null, code: 'bad_header', message: '', value: null })
    }
  }

  function onSkip(error: CsvError | undefined): undefined {
    const code = error?.code ?? ''
    if (fatal.has(code)) broken = badQuote(number + 1)
    // The parser tells of every stray quote of a row.
    if (error?.['lines'] === skippedLine) return
    skippedLine = Number(error?.['lines'])
    number += 1
    const message = 'A quote stands inside a cell that is not quoted. Quote the cell, and double the quotes inside it.'
    rows.push(refusedRow(number, { column: null, code: 'stray_quote', message, value: null }))
  }

  const parser = new Parser({
    delimiter,
    bom: true,
    relax_column_count: true,
    skip_records_with_error: true,
    on_skip: onSkip,
    on_record: onRecord,
  })
  parser.on('error', (error) => (broken ??= error))

  const check = () => {
    if (broken) throw broken
  }
  return {
    write(chunk: Uint8Array): void {
      sinceRecord += chunk.length
      parser.write(chunk)
      if (sinceRecord > maxRecordBytes) broken ??= badQuote(number + 1)
      check()
    },
    take(): Row[] {
      const taken = rows
      rows = []
      return taken
    },
    async end(): Promise<void> {
      parser.resume().end()
      // Its fault is kept in `broken`, which says more.
      await finished(parser).catch(() => {})
      check()
      if (!toRow)
        throw invalid([
          {
            pointer: '/columns/key',
            code: 'missing_column',
            message: 'The file is empty: a header with a column "key" is needed.',
          },
        ])
    },
  }
}

const badQuote = (row: number): Error =>
  invalid([
    {
      pointer: `/rows/${row}`,
      code: 'broken_quotes',
      message: `Row ${row} has a quote that is not closed, or text after a closing quote; the rows after it cannot be told apart. Double the quotes inside quoted cells.`,
    },
  ])

/** Where the columns are. Names are trimmed; `attributes.price` is the attribute `price`; a column without a name is left out. */
function headerOf(cells: readonly string[], { check, required }: CsvOptions): (cells: readonly string[], number: number) => Row {
  const names = cells.map((cell) => cell.trim().replace(/^attributes\./, ''))
  checkHeader(names, required)
  const keyAt = names.indexOf('key')
  const localeAt = names.indexOf('locale')
  const columns = names.flatMap((name, at) =>
    name === '' || at === keyAt || at === localeAt ? [] : [{ name, at, json: `${JSON.stringify(name)}:` }],
  )

  return (row, number) => {
    const faults: RowFault[] = []
    const add = (fault: RowFault | undefined) => fault && faults.push(fault)
    if (row.length > names.length) add(tooManyCells(row, names.length))
    const key = (row[keyAt] ?? '').trim()
    const tag = (localeAt < 0 ? '' : (row[localeAt] ?? '').trim()) || 'en'
    const locale = canonicalLocale(tag)
    add(textFault('key', key) ?? keyFault(key))
    if (locale === undefined) add(localeFault(tag))
    const attributes: Record<string, string> = {}
    let json = ''
    for (const column of columns) {
      const cell = row[column.at]
      if (cell === undefined || cell === '') continue
      add(textFault(column.name, cell))
      attributes[column.name] = cell
      json += `${json === '' ? '' : ','}${column.json}${JSON.stringify(cell)}`
    }
    if (faults.length === 0) faults.push(...check(attributes))
    return { number, key, locale: locale ?? 'en', attributes: faults.length === 0 ? `{${json}}` : '{}', faults }
  }
}

function tooManyCells(row: readonly string[], columns: number): RowFault {
  const message = `The row has ${row.length} cells, the header ${columns}. Quote cells that contain the delimiter.`
  return { column: null, code: 'too_many_cells', message, value: row[columns] }
}

function checkHeader(names: readonly string[], required: readonly string[]): void {
  const found = names.filter((name) => name !== '').map((name) => `"${name.slice(0, 64)}"`)
  const columnFault = (name: string, code: string, message: string) => ({ pointer: `/columns/${name}`, code, message })
  const faults = ['key', ...required]
    .filter((name) => !names.includes(name))
    .map((name) =>
      columnFault(
        name,
        'missing_column',
        `There is no column "${name}". Columns found: ${found.slice(0, 50).join(', ') || 'none'}.`,
      ),
    )
  const twice = new Set(names.filter((name, at) => name !== '' && names.indexOf(name) !== at))
  faults.push(...[...twice].map((name) => columnFault(name, 'duplicate_column', `The column "${name}" is there twice.`)))
  for (const name of names) {
    const problem =
      name === '' ? undefined : (nameProblem(name) ?? (name === '__proto__' ? 'This name cannot be used.' : undefined))
    if (problem !== undefined) faults.push(columnFault(name.slice(0, 64).toWellFormed(), 'invalid_name', problem))
  }
  if (names.length > maxColumns)
    faults.push(columnFault('', 'too_many_columns', `At most ${maxColumns} columns; there are ${names.length}.`))
  if (faults.length > 0) throw invalid(faults)
}
