/** Why a request brought no answer, in words that may be shown and stored: no addresses, no URLs, no headers. */
import { TargetRefused } from './guard.ts'

export type FailureReason =
  | 'target_refused'
  | 'timeout'
  | 'aborted'
  | 'unresolvable'
  | 'connection_failed'
  | 'tls_failed'
  | 'bad_answer'

export interface Failed {
  readonly status: 'failed'
  readonly reason: FailureReason
  readonly message: string
}

const known: Readonly<Record<string, readonly [FailureReason, string]>> = {
  ENOTFOUND: ['unresolvable', 'The host name does not resolve.'],
  EAI_AGAIN: ['unresolvable', 'The host name could not be resolved.'],
  ETIMEOUT: ['unresolvable', 'The host name could not be resolved in time.'],
  ECONNREFUSED: ['connection_failed', 'The connection was refused.'],
  ECONNRESET: ['connection_failed', 'The connection was closed before there was an answer.'],
  EPIPE: ['connection_failed', 'The connection was closed before there was an answer.'],
  UND_ERR_SOCKET: ['connection_failed', 'The connection was closed before there was an answer.'],
  EHOSTUNREACH: ['connection_failed', 'The host cannot be reached.'],
  ENETUNREACH: ['connection_failed', 'The network cannot be reached.'],
  ETIMEDOUT: ['timeout', 'The connection could not be made in time.'],
  UND_ERR_CONNECT_TIMEOUT: ['timeout', 'The connection could not be made in time.'],
  UND_ERR_HEADERS_OVERFLOW: ['bad_answer', 'The headers of the answer are too large.'],
  UND_ERR_RES_EXCEEDED_MAX_SIZE: ['bad_answer', 'The answer is too large.'],
}

export const failed = (reason: FailureReason, message: string): Failed => ({ status: 'failed', reason, message })

/** Happy Eyeballs reports one error per address that was tried; the first stands for all. */
const firstOf = (error: unknown): unknown => (error instanceof AggregateError ? (error.errors[0] as unknown) : error)

export function failureOf(thrown: unknown): Failed {
  const error = firstOf(thrown)
  if (error instanceof TargetRefused) {
    return failed(error.code === 'unresolvable' ? 'unresolvable' : 'target_refused', error.message)
  }
  // undici's parser names itself and often has no code.
  if (error instanceof Error && error.name === 'HTTPParserError') return failed('bad_answer', 'The answer is not HTTP.')
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const entry = known[code]
  if (entry) return failed(...entry)
  if (/^(ERR_SSL|ERR_TLS|EPROTO|CERT_|DEPTH_|UNABLE_TO|SELF_SIGNED|HOSTNAME_|ERR_OSSL)/.test(code)) {
    return failed('tls_failed', `No secure connection could be made (${code}).`)
  }
  return failed('connection_failed', `The request failed (${code}).`)
}
