import { createHash, createPublicKey, verify } from 'node:crypto'
import * as fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { describe, expect, it } from 'vitest'
import { createSigningKeys, newSecret, parseSecret } from '#src/webhooks/secret.ts'
import { signatureOf } from '#src/webhooks/signature.ts'

const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' }
const hmacSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ed25519Secret = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
const ed25519Public = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='
const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)

describe('signatures', () => {
  it('gives the known answers', () => {
    expect(signatureOf(message, [hmacSecret])).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
    const ed25519 = 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=='
    expect(signatureOf(message, [ed25519Secret])).toBe(ed25519)
    expect(parseSecret(ed25519Secret)?.publicKey).toBe(ed25519Public)
  })

  it('is taken by standardwebhooks and svix for 1,000 bodies, and refused with a changed byte or a wrong time', () => {
    const secret = newSecret('v1', random)
    const judges = [new Webhook(secret), new SvixWebhook(secret)]
    const now = Math.floor(Date.now() / 1000)
    const headersAt = (timestamp: number, body: string) => ({
      'webhook-id': 'evt_01',
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf({ id: 'evt_01', timestamp, body }, [secret]),
    })
    const bodies = fc.record({ type: fc.string(), data: fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })) })
    const property = fc.property(bodies, (value) => {
      const body = JSON.stringify(value)
      for (const judge of judges) {
        judge.verify(body, headersAt(now, body))
        expect(() => judge.verify(`${body} `, headersAt(now, body))).toThrow(/signature/i)
        for (const wrong of [now - 360, now + 360]) expect(() => judge.verify(body, headersAt(wrong, body))).toThrow(/timestamp/i)
      }
    })
    fc.assert(property, { numRuns: 1000 })
  })

  it('lets either secret of a rotation verify', () => {
    const [old, fresh] = [newSecret('v1', random), newSecret('v1', random)]
    const timestamp = Math.floor(Date.now() / 1000)
    const signature = signatureOf({ ...message, timestamp }, [fresh, old])
    const headers = { 'webhook-id': message.id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature }
    for (const secret of [old, fresh]) expect(new Webhook(secret).verify(message.body, headers)).toEqual({ test: 2432232314 })
    expect(() => new Webhook(newSecret('v1', random)).verify(message.body, headers)).toThrow(/signature/i)
  })

  it('signs with a generated ed25519 key that its public key verifies', () => {
    const keys = createSigningKeys({ random })
    const secret = keys.generate('v1a')
    const publicKey = keys.inspect(secret)!.publicKey!
    const x = Buffer.from(publicKey.slice(5), 'base64').toString('base64url')
    const [, signature] = signatureOf(message, [secret]).split(',')
    const content = Buffer.from(`${message.id}.${message.timestamp}.${message.body}`)
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    expect(verify(null, content, key, Buffer.from(signature!, 'base64'))).toBe(true)
  })
})

describe('secrets', () => {
  const base64 = (bytes: number) => createHash('sha512').update('seed').digest().subarray(0, bytes).toString('base64')

  it.each([24, 32, 64])('takes %i bytes', (bytes) => expect(parseSecret(`whsec_${base64(bytes)}`)?.scheme).toBe('v1'))

  it.each([
    ['23 bytes', `whsec_${base64(23)}`],
    ['65 bytes', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['no prefix', base64(32)],
    ['another prefix', `whpk_${base64(32)}`],
    ['base64url', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`],
    ['missing padding', `whsec_${base64(32).replace(/=+$/, '')}`],
    ['white space', `whsec_${base64(32)} `],
    ['an ed25519 key without its public half', 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc='],
    ['an ed25519 key with the wrong public half', ed25519Secret.replace('AJ6p9l', 'AJ6p9m')],
    ['nothing', ''],
  ])('refuses %s', (_, secret) => expect(parseSecret(secret)).toBeUndefined())
})
