/**
 * A request without an answer: did it certainly not reach the vendor? Only errors that come before the first byte is
 * sent count as that; everything else may have been accepted, and been billed.
 */
import type { ProviderError } from './provider.ts'
import { redact } from './redact.ts'

export interface WireFailure {
  readonly kind: 'failure'
  readonly certainlyNotSent: boolean
  readonly error: ProviderError
}

const beforeSending = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  // Answers of a server that does not speak TLS, or not ours, to the first message of the handshake.
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
])

interface Chained {
  readonly code?: unknown
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
  readonly name?: unknown
}

/** The codes at the bottom of an error: one, or one for every address that was tried. */
function codesOf(error: unknown, depth = 0): string[] {
  const { code, cause, errors } = (error ?? {}) as Chained
  if (errors && errors.length > 0 && depth < 8) return errors.flatMap((inner) => codesOf(inner, depth + 1))
  if (cause && depth < 8) return codesOf(cause, depth + 1)
  return [typeof code === 'string' ? code : '']
}

const isTimeout = (error: unknown, codes: readonly string[]): boolean =>
  /timeout/i.test(String((error as Chained).name) + (error as object).constructor.name) ||
  codes.some((code) => /TIMEOUT|ETIMEDOUT/.test(code))

/** @param sent whether the request was handed to the network at all */
export function failureOf(error: unknown, { sent, secrets }: { sent: boolean; secrets: readonly string[] }): WireFailure {
  const codes = codesOf(error)
  const timeout = isTimeout(error, codes)
  const words = error instanceof Error ? error.message : 'unknown'
  const detail = codes.filter(Boolean)[0] ?? words
  return {
    kind: 'failure',
    certainlyNotSent: !sent || codes.every((code) => beforeSending.has(code)),
    error: {
      code: timeout ? 'timeout' : 'network',
      message: redact(timeout ? `There was no answer in time (${detail}).` : `The request failed (${detail}).`, secrets),
      retryable: true,
      ...(codes[0] && { vendorCode: codes[0] }),
    },
  }
}
