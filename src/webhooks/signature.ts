/** Signatures of Standard Webhooks 1.0.0: over `id.timestamp.body`, the body being the exact bytes that are sent. */
import { parseSecret } from './secret.ts'

export interface Signed {
  readonly id: string
  /** Seconds since the epoch, of this attempt: receivers refuse what is more than five minutes off. */
  readonly timestamp: number
  readonly body: string
}

/**
 * The value of `webhook-signature`: one signature per secret, separated by spaces, so that a rotation has no gap.
 * @throws Error when a secret is malformed; never shows it
 */
export function signatureOf({ id, timestamp, body }: Signed, secrets: readonly string[]): string {
  const content = `${id}.${timestamp}.${body}`
  return secrets
    .map((secret) => {
      const key = parseSecret(secret)
      if (!key) throw new Error('A signing secret of the endpoint is malformed.')
      return key.sign(content)
    })
    .join(' ')
}
