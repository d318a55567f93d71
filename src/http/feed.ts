/** Rows about a campaign as JSON, NDJSON or CSV, streamed: a million rows take no more memory than ten. */
import { stringify } from 'csv-stringify'
import type { FastifyReply } from 'fastify'
import { Readable } from 'node:stream'
import { guardCell } from './csv.ts'

export const feedFormats = ['json', 'csv', 'ndjson'] as const
export type FeedFormat = (typeof feedFormats)[number]

interface Feed {
  /** What it is called in the JSON and in the file's name. */
  readonly object: 'manifest' | 'evidence'
  readonly campaignId: string
  /** In the order of the columns of a CSV. */
  readonly columns: readonly string[]
  readonly rows: AsyncIterable<object>
}

const mediaTypes = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
} as const satisfies Record<FeedFormat, string>

async function* asJson({ object, campaignId, rows }: Feed): AsyncGenerator<string> {
  yield `{"object":${JSON.stringify(object)},"campaign_id":${JSON.stringify(campaignId)},"data":[`
  let first = true
  for await (const row of rows) {
    yield `${first ? '' : ','}\n${JSON.stringify(row)}`
    first = false
  }
  yield '\n]}\n'
}

async function* asLines(rows: Feed['rows']): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`
}

async function* guarded(rows: Feed['rows']): AsyncGenerator<Record<string, unknown>> {
  for await (const row of rows) yield Object.fromEntries(Object.entries(row).map(([name, value]) => [name, guardCell(value)]))
}

function bodyOf(feed: Feed, format: FeedFormat): Readable {
  if (format === 'json') return Readable.from(asJson(feed))
  if (format === 'ndjson') return Readable.from(asLines(feed.rows))
  const source = Readable.from(guarded(feed.rows))
  const csv = stringify({ header: true, columns: [...feed.columns], cast: { boolean: String } })
  source.on('error', (error) => csv.destroy(error))
  return source.pipe(csv)
}

export async function pipeFeed(reply: FastifyReply, feed: Feed, format: FeedFormat): Promise<void> {
  await reply
    .type(mediaTypes[format])
    .header('content-disposition', `attachment; filename="${feed.campaignId}-${feed.object}.${format}"`)
    .send(bodyOf(feed, format))
}
