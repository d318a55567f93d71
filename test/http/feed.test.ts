import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type FeedFormat, pipeFeed } from '#src/http/feed.ts'

const row = {
  campaign_id: 'cmp_1',
  variant_id: 'var_1',
  revision: 1,
  segment_key: '=cmd|calc',
  locale: 'en',
  format: 'square_1x1',
  url: 'http://localhost/x',
  poster_url: null,
  preview_url: null,
  sha256: 'a',
  bytes: 1,
  seconds: 5,
  width: 2,
  height: 2,
  draft: false,
}

async function manifest(format: FeedFormat, count: number): Promise<string> {
  const app = fastify()
  app.get('/', async (_request, reply) => {
    async function* rows() {
      for (let i = 0; i < count; i++) yield row
    }
    await pipeFeed(reply, { object: 'manifest', campaignId: 'cmp_1', columns: Object.keys(row), rows: rows() }, format)
    return reply
  })
  const answer = await app.inject('/')
  await app.close()
  return answer.body
}

describe('the manifest', () => {
  it('is JSON that parses, empty or not', async () => {
    expect(JSON.parse(await manifest('json', 0))).toEqual({ object: 'manifest', campaign_id: 'cmp_1', data: [] })
    expect(JSON.parse(await manifest('json', 3))).toMatchObject({ data: [row, row, row] })
  })
  it('is one object a line as NDJSON', async () => {
    const lines = (await manifest('ndjson', 2)).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([row, row])
  })
  it('disarms what a spreadsheet would run as a formula', async () => {
    const [header, first] = (await manifest('csv', 1)).split('\n')
    expect(header).toMatch(/^campaign_id,variant_id,revision,segment_key/)
    expect(first).toContain("'=cmd|calc")
  })
})
