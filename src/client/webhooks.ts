/**
 * Verifies what Spotsmith posts to a webhook endpoint (Standard Webhooks 1.0.0) and types it. Needs nothing but
 * `node:crypto`, so it can be copied into a receiver as it is, together with webhook-events.ts.
 */
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import type { WebhookEvents } from './webhook-events.ts'

export type * from './webhook-events.ts'

export type WebhookEventType = keyof WebhookEvents

/** The posted body, and the event's id: the same at every attempt and replay, so recognise repetitions by it. */
export type WebhookEvent<T extends WebhookEventType = WebhookEventType> = { [K in T]: { id: string } & WebhookEvents[K] }[T]

export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export type WebhookFault =
  | 'missing_header'
  | 'bad_timestamp'
  | 'too_old'
  | 'too_new'
  | 'bad_signature'
  | 'bad_secret'
  | 'bad_body'

/** Answer 400, and do not act on the request. The message names no secret. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly code: WebhookFault
  constructor(code: WebhookFault, message: string) {
    super(message)
    this.code = code
  }
}

export interface VerifyWebhookOptions {
  /** How far the sender's clock may be off, both ways; default 300. */
  readonly toleranceSeconds?: number
  /** Milliseconds since the epoch; default: the system's clock. */
  readonly now?: () => number
}

/** DER of an ed25519 public key, up to its 32 bytes (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

function headerOf(headers: WebhookHeaders, name: string): string {
  const value =
    typeof headers.get === 'function'
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  const text = typeof value === 'string' ? value : undefined
  if (text === undefined || text === '') throw new WebhookVerificationError('missing_header', `The header ${name} is missing.`)
  return text
}

function checkTime(timestamp: string, { toleranceSeconds = 300, now = Date.now }: VerifyWebhookOptions): void {
  if (!/^\d{1,15}$/.test(timestamp)) {
    throw new WebhookVerificationError('bad_timestamp', 'The header webhook-timestamp is no number of seconds.')
  }
  const age = now() / 1000 - Number(timestamp)
  if (age > toleranceSeconds) throw new WebhookVerificationError('too_old', 'The timestamp is too old.')
  if (age < -toleranceSeconds) throw new WebhookVerificationError('too_new', 'The timestamp lies in the future.')
}

type Judge = (version: string, signature: Buffer, content: Buffer) => boolean

function judgeOf(secret: string): Judge {
  const bytes = Buffer.from(secret.replace(/^wh(sec|pk)_/, ''), 'base64')
  if (secret.startsWith('whpk_') && bytes.length === 32) {
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, bytes]), format: 'der', type: 'spki' })
    return (version, signature, content) => version === 'v1a' && verify(null, content, key, signature)
  }
  if (secret.startsWith('whsec_') && bytes.length >= 24) {
    return (version, signature, content) => {
      const expected = createHmac('sha256', bytes).update(content).digest()
      return version === 'v1' && signature.length === expected.length && timingSafeEqual(signature, expected)
    }
  }
  throw new WebhookVerificationError('bad_secret', 'The secret must be "whsec_…", or the public key "whpk_…" with v1a.')
}

function isSigned(content: Buffer, signatures: string, secrets: readonly string[]): boolean {
  const judges = secrets.map(judgeOf)
  return signatures.split(' ').some((one) => {
    const [version = '', base64 = ''] = one.split(',')
    return judges.some((judge) => judge(version, Buffer.from(base64, 'base64'), content))
  })
}

function parsed(body: Buffer): object {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below: signed, and yet no event.
  }
  throw new WebhookVerificationError('bad_body', 'The body is not a JSON object.')
}

/**
 * The typed event of a request whose signature and age are right. Later versions may send types that this one does not know:
 * give a `switch` over `event.type` a default that answers 2xx.
 * @param rawBody the exact bytes that came; a body that was parsed and serialised again does not verify
 * @param headers a `Headers` object, or the headers of Node's http
 * @param secret `whsec_…`, or the endpoint's `public_key` (`whpk_…`) with v1a; several during a rotation
 * @throws WebhookVerificationError
 */
export function verifyWebhook(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyWebhookOptions = {},
): WebhookEvent {
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature')
  checkTime(timestamp, options)
  const body = Buffer.from(rawBody as Uint8Array)
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
  if (!isSigned(content, signatures, [secret].flat())) {
    throw new WebhookVerificationError('bad_signature', 'No signature of the request is right.')
  }
  return { id, ...parsed(body) } as WebhookEvent
}
