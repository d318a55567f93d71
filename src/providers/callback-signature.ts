/** Whether a callback comes from whom it says, where the vendor signs. A callback is only a wake-up all the same. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

export const signatureScheme = z.enum(['standard-webhooks', 'openrouter'])
export type SignatureScheme = z.output<typeof signatureScheme>

export interface CallbackKey {
  readonly scheme: SignatureScheme
  readonly secret: string
}

interface Signed {
  readonly raw: Uint8Array
  readonly headers: Headers
  readonly now: Date
}

/** As Standard Webhooks has it too: older ones may be replayed. */
const toleranceSeconds = 300

const schemes = {
  /** OpenAI, Gemini, Replicate and others. */
  'standard-webhooks': (secret, { raw, headers }) => {
    try {
      new Webhook(secret).verify(Buffer.from(raw), Object.fromEntries(headers))
      return true
    } catch {
      return false
    }
  },
  /** `X-OpenRouter-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 of `<seconds>,<body>`. */
  openrouter: (secret, { raw, headers, now }) => {
    const parts = /^t=(?<time>\d{1,12}),\s*v1=(?<hex>[0-9a-f]{64})$/.exec(headers.get('x-openrouter-signature') ?? '')?.groups
    if (!parts || Math.abs(now.getTime() / 1000 - Number(parts['time'])) > toleranceSeconds) return false
    const expected = createHmac('sha256', secret).update(`${parts['time']},`).update(raw).digest()
    return timingSafeEqual(expected, Buffer.from(parts['hex']!, 'hex'))
  },
} as const satisfies Record<SignatureScheme, (secret: string, signed: Signed) => boolean>

export const isSigned = ({ scheme, secret }: CallbackKey, signed: Signed): boolean => schemes[scheme](secret, signed)
