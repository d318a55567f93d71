import { describe, expect, it } from 'vitest'
import { Webhook } from 'standardwebhooks'
import type { Failed } from '#src/network/failure.ts'
import type { Answered, PostOptions } from '#src/network/outgoing.ts'
import { EXCERPT_BYTES, excerptOf } from '#src/webhooks/excerpt.ts'
import { createSender } from '#src/webhooks/send.ts'

/** Its base64 has the characters that JSON and URLs spell differently. */
const secret = `whsec_${Buffer.alloc(32, 'fbeff7', 'hex').toString('base64')}`
const message = { url: 'https://receiver.example/', id: 'evt_1', body: '{"type":"endpoint.test"}', secrets: [secret] }

const answered = (httpStatus: number, body = '', headers: Record<string, string> = {}): Answered => ({
  status: 'answered',
  httpStatus,
  headers,
  body: Buffer.from(body),
})

async function attempt(answer: Answered | Failed) {
  const sent: PostOptions[] = []
  const post = (_: string, options: PostOptions) => {
    sent.push(options)
    return Promise.resolve(answer)
  }
  const outcome = await createSender({ post, now: Date.now })(message)
  return { outcome, request: sent[0]! }
}

describe('one attempt', () => {
  it('sends the stored bytes with headers that a receiver can verify, within 15 seconds', async () => {
    const { request } = await attempt(answered(204))
    expect(request).toMatchObject({ body: message.body, timeoutMs: 15_000 })
    expect(new Webhook(secret).verify(request.body, request.headers)).toEqual({ type: 'endpoint.test' })
  })

  it.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [301, 'failed'],
    [307, 'failed'],
    [400, 'failed'],
    [404, 'failed'],
    [410, 'gone'],
    [500, 'failed'],
  ])('takes %i for %s', async (status, expected) => {
    expect((await attempt(answered(status))).outcome).toMatchObject({ status: expected, httpStatus: status })
  })

  it('passes on how long the receiver wants to be left alone', async () => {
    const { outcome } = await attempt(answered(429, '', { 'retry-after': '30' }))
    expect(outcome).toMatchObject({ status: 'failed', retryAfterMs: 30_000 })
  })

  it('tells a failure without an answer from being stopped', async () => {
    const refused: Failed = { status: 'failed', reason: 'connection_failed', message: 'The connection was refused.' }
    expect((await attempt(refused)).outcome).toMatchObject({ status: 'failed', httpStatus: null, error: refused.message })
    expect((await attempt({ ...refused, reason: 'aborted' })).outcome).toEqual({ status: 'aborted' })
  })

  it.each([
    ['as it is', (bare: string) => bare],
    ['with its prefix', (bare: string) => `whsec_${bare}`],
    ['in JSON that escapes slashes', (bare: string) => bare.replaceAll('/', String.raw`\/`)],
    ['in a URL', encodeURIComponent],
  ])('keeps no secret that the receiver echoes %s', async (_, spell) => {
    const echoed = spell(secret.slice('whsec_'.length))
    const { outcome } = await attempt(answered(500, `before ${echoed} after, Bearer abcdefghijkl`))
    expect(outcome.status === 'failed' && outcome.excerpt).toMatch(/^before (whsec_)?\[redacted\] after, \[redacted\]$/)
  })
})

describe('the excerpt of an answer', () => {
  it.each([
    ['text', 'ö'.repeat(EXCERPT_BYTES)],
    ['bytes that are no text', Buffer.alloc(EXCERPT_BYTES * 2, 0xff)],
    ['NUL bytes', Buffer.alloc(100)],
  ])('is at most 16 KiB of text that Postgres can hold: %s', (_, body) => {
    const excerpt = excerptOf(Buffer.from(body as string), [])
    expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(EXCERPT_BYTES)
    expect(excerpt).not.toContain('\0')
    expect(excerpt.isWellFormed()).toBe(true)
  })

  it('does not cut a character in half', () =>
    expect(excerptOf(Buffer.from(`${'x'.repeat(EXCERPT_BYTES - 1)}ö`), [])).toMatch(/^x+$/))
})
