/** Refused rows of an import as a CSV, page by page. */
import { stringify } from 'csv-stringify'
import type { FastifyReply } from 'fastify'
import { Readable } from 'node:stream'
import type { Page } from '#src/domain/page.ts'
import { guardCell } from './csv.ts'

interface RefusedRow {
  readonly row: number
  readonly column: string | null
  readonly code: string
  readonly message: string
  readonly value: string | null
}

type NextPage = (cursor: string | undefined) => Promise<Page<RefusedRow>>

async function* rowsOf(next: NextPage): AsyncGenerator<Record<string, unknown>> {
  let cursor: string | undefined
  do {
    const page = await next(cursor)
    for (const row of page.data) yield { ...row, value: guardCell(row.value), column: guardCell(row.column) }
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}

export async function pipeImportErrors(reply: FastifyReply, next: NextPage): Promise<void> {
  const source = Readable.from(rowsOf(next))
  const csv = stringify({ header: true, columns: ['row', 'column', 'code', 'message', 'value'] })
  source.on('error', (error) => csv.destroy(error))
  await reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', 'attachment; filename="refused-rows.csv"')
    .send(source.pipe(csv))
}
