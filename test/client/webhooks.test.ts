import { describe, expect, expectTypeOf, it } from 'vitest'
import { verifyWebhook, type WebhookFault, WebhookVerificationError } from '#src/client/webhooks.ts'
import { signatureOf } from '#src/webhooks/signature.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ed25519 = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
const publicKey = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='
const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const seconds = 1_614_265_330
const now = () => seconds * 1000
const data = { endpoint_id: 'whe_1', url: 'https://receiver.example/ü' }
const body = JSON.stringify({ type: 'endpoint.test', timestamp: '2026-11-22T12:00:00Z', data })

const headersOf = (text: string, secrets: readonly string[] = [secret], timestamp = seconds) => ({
  'webhook-id': 'evt_1',
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signatureOf({ id: 'evt_1', timestamp, body: text }, secrets),
})

function faultOf(verify: () => unknown): WebhookFault | undefined {
  try {
    verify()
  } catch (error) {
    expect(error).toBeInstanceOf(WebhookVerificationError)
    expect(String(error)).not.toContain('MfKQ9r8')
    return (error as WebhookVerificationError).code
  }
  return undefined
}

describe('verifyWebhook', () => {
  it('returns the typed event with its id, from text, bytes and either kind of headers', () => {
    const headers = headersOf(body)
    const capitals = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
    for (const raw of [body, Buffer.from(body)]) {
      for (const kind of [headers, capitals, new Headers(headers)]) {
        const event = verifyWebhook(raw, kind, secret, { now })
        expect(event).toEqual({ id: 'evt_1', type: 'endpoint.test', timestamp: '2026-11-22T12:00:00Z', data })
        if (event.type === 'variant.ready') expectTypeOf(event.data.renditions[0]!.url).toEqualTypeOf<string>()
      }
    }
  })

  it.each([
    ['v1', [secret], secret],
    ['v1a', [ed25519], publicKey],
    ['the old secret of a rotation', [other, secret], secret],
    ['both secrets of a receiver that rotates', [secret], [other, secret]],
    ['both keys', [ed25519], [secret, publicKey]],
  ])('takes %s', (_, signing, verifying) =>
    expect(verifyWebhook(body, headersOf(body, signing), verifying, { now }).type).toBe('endpoint.test'),
  )

  it('takes the known answer of the standard', () => {
    const text = '{"test": 2432232314}'
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    expect(verifyWebhook(text, headers, secret, { now })).toMatchObject({ test: 2432232314 })
  })

  it.each<[string, WebhookFault, () => unknown]>([
    ['a changed byte', 'bad_signature', () => verifyWebhook(`${body} `, headersOf(body), secret, { now })],
    ['another secret', 'bad_signature', () => verifyWebhook(body, headersOf(body), other, { now })],
    ['v1 judged with a public key', 'bad_signature', () => verifyWebhook(body, headersOf(body), publicKey, { now })],
    ['another id', 'bad_signature', () => verifyWebhook(body, { ...headersOf(body), 'webhook-id': 'evt_2' }, secret, { now })],
    [
      'a signature that is cut short',
      'bad_signature',
      () => verifyWebhook(body, { ...headersOf(body), 'webhook-signature': 'v1,g0hM' }, secret, { now }),
    ],
    ['six minutes ago', 'too_old', () => verifyWebhook(body, headersOf(body, [secret], seconds - 360), secret, { now })],
    ['six minutes ahead', 'too_new', () => verifyWebhook(body, headersOf(body, [secret], seconds + 360), secret, { now })],
    [
      'a time that is none',
      'bad_timestamp',
      () => verifyWebhook(body, { ...headersOf(body), 'webhook-timestamp': '1e9' }, secret, { now }),
    ],
    ['no headers', 'missing_header', () => verifyWebhook(body, {}, secret, { now })],
    ['a secret that is none', 'bad_secret', () => verifyWebhook(body, headersOf(body), 'secret', { now })],
    ['no secret at all', 'bad_signature', () => verifyWebhook(body, headersOf(body), [], { now })],
    ['signed bytes that are no event', 'bad_body', () => verifyWebhook('[', headersOf('['), secret, { now })],
  ])('refuses %s', (_, code, verify) => expect(faultOf(verify)).toBe(code))
})
