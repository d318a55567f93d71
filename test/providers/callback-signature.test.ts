import { isSigned } from '#src/providers/callback-signature.ts'
import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'

const raw = Buffer.from('{"id": "video_1", "status": "completed"}')
const other = Buffer.from('{"id": "video_2", "status": "completed"}')

describe('Standard Webhooks', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const now = new Date()
  const sign = (at: Date) =>
    new Headers({
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('msg_1', at, raw.toString()),
    })
  const check = (body: Uint8Array, headers: Headers) =>
    isSigned({ scheme: 'standard-webhooks', secret }, { raw: body, headers, now })

  test('the exact bytes, just now', () => expect(check(raw, sign(now))).toBe(true))
  test.each([
    ['other bytes', other, sign(now)],
    ['an old one', raw, sign(new Date(now.getTime() - 3_600_000))],
    ['none', raw, new Headers()],
  ])('refuses %s', (_what, body, headers) => expect(check(body, headers)).toBe(false))
})

describe('OpenRouter', () => {
  const now = new Date('2026-11-22T12:00:00Z')
  const seconds = now.getTime() / 1000
  const sign = (time: number, secret = 'shared') => {
    const hex = createHmac('sha256', secret).update(`${time},${raw.toString()}`).digest('hex')
    return new Headers({ 'x-openrouter-signature': `t=${time},v1=${hex}` })
  }
  const check = (body: Uint8Array, headers: Headers) =>
    isSigned({ scheme: 'openrouter', secret: 'shared' }, { raw: body, headers, now })

  test('the exact bytes, within five minutes', () => {
    expect(check(raw, sign(seconds))).toBe(true)
    expect(check(raw, sign(seconds - 299))).toBe(true)
  })
  test.each([
    ['other bytes', other, sign(seconds)],
    ['another secret', raw, sign(seconds, 'guessed')],
    ['an old one', raw, sign(seconds - 301)],
    ['none', raw, new Headers()],
    ['nonsense', raw, new Headers({ 'x-openrouter-signature': 't=1,v1=zz' })],
  ])('refuses %s', (_what, body, headers) => expect(check(body, headers)).toBe(false))
})
