/** The manifest of a campaign as JSON, NDJSON or CSV, streamed: a million rows take no more memory than ten. */
import { stringify } from 'csv-stringify'
import type { FastifyReply } from 'fastify'
import { Readable } from 'node:stream'
import type { z } from 'zod'
import { guardCell } from './csv.ts'
import { manifestRow } from './schemas/results.ts'

type Row = z.input<typeof manifestRow>
export type ManifestFormat = 'json' | 'csv' | 'ndjson'

const mediaTypes = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
} as const

async function* asJson(rows: AsyncIterable<Row>, campaignId: string): AsyncGenerator<string> {
  yield `{"object":"manifest","campaign_id":${JSON.stringify(campaignId)},"data":[`
  let first = true
  for await (const row of rows) {
    yield `${first ? '' : ','}\n${JSON.stringify(row)}`
    first = false
  }
  yield '\n]}\n'
}

async function* asLines(rows: AsyncIterable<Row>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`
}

async function* guarded(rows: AsyncIterable<Row>): AsyncGenerator<Record<string, unknown>> {
  for await (const row of rows) yield Object.fromEntries(Object.entries(row).map(([name, value]) => [name, guardCell(value)]))
}

function bodyOf(rows: AsyncIterable<Row>, format: ManifestFormat, campaignId: string): Readable {
  if (format === 'json') return Readable.from(asJson(rows, campaignId))
  if (format === 'ndjson') return Readable.from(asLines(rows))
  const source = Readable.from(guarded(rows))
  const csv = stringify({ header: true, columns: Object.keys(manifestRow.shape) })
  source.on('error', (error) => csv.destroy(error))
  return source.pipe(csv)
}

export async function pipeManifest(
  reply: FastifyReply,
  rows: AsyncIterable<Row>,
  format: ManifestFormat,
  campaignId: string,
): Promise<void> {
  await reply
    .type(mediaTypes[format])
    .header('content-disposition', `attachment; filename="${campaignId}-manifest.${format}"`)
    .send(bodyOf(rows, format, campaignId))
}
