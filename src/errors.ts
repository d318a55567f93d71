/**
 * The catalogue of faults: code → HTTP status and title. A problem document (RFC 9457) is made from it in
 * http/problem.ts, and openapi.yaml lists it. A fault that a caller can mend says what to change in `detail`.
 */
export const catalogue = {
  invalid_request: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'No valid API key' },
  forbidden: { status: 403, title: 'The API key lacks a scope' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'The resource is in a state that does not allow this' },
  plan_changed: { status: 409, title: 'The plan has changed since it was read' },
  idempotency_in_progress: { status: 409, title: 'A request with this idempotency key is still running' },
  secret_already_shown: { status: 409, title: 'The answer carried a secret and was not kept' },
  stale_review: { status: 409, title: 'The files have changed since they were seen' },
  link_expired: { status: 410, title: 'The link has expired or was revoked' },
  precondition_failed: { status: 412, title: 'The resource has changed since it was read' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'A part of the address is too long' },
  unsupported_media_type: { status: 415, title: 'The content type is not accepted here' },
  range_not_satisfiable: { status: 416, title: 'The range is outside the file' },
  invalid: { status: 422, title: 'The request has faults' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used with another body' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something failed on our side' },
  unavailable: { status: 503, title: 'A part of the service cannot be reached' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof catalogue

/** One fault of the input. `pointer` is a JSON pointer (RFC 6901) into the body, or `/query/…`, `/headers/…`. */
export interface Fault {
  readonly pointer: string
  readonly code: string
  readonly message: string
}

interface FaultDetails {
  readonly errors?: readonly Fault[]
  readonly headers?: Readonly<Record<string, string>>
  /** Extension members of the problem document, e.g. the difference of a changed plan. */
  readonly extensions?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** A fault that a caller is told about. Everything else that is thrown becomes `internal` without details. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly errors: readonly Fault[]
  readonly headers: Readonly<Record<string, string>>
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, detail: string, details: FaultDetails = {}) {
    super(detail, { cause: details.cause })
    this.code = code
    this.errors = details.errors ?? []
    this.headers = details.headers ?? {}
    this.extensions = details.extensions ?? {}
  }

  get status(): number {
    return catalogue[this.code].status
  }
}

/** 404 for an id that this workspace does not have. `what` is a word of the vocabulary, e.g. "campaign". */
export const notFound = (what: string, id: string): ServiceError =>
  new ServiceError('not_found', `There is no ${what} "${id}" in this workspace.`)

/** 422 with every fault of the input at once. */
export const invalid = (errors: readonly Fault[], detail?: string): ServiceError =>
  new ServiceError('invalid', detail ?? errors.map((e) => e.message).join(' '), { errors })

/** What a queue handler throws to say what happens next; anything else counts as retryable. */
export class Terminal extends Error {
  override readonly name = 'Terminal'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Work to be tried again after `afterMs` milliseconds. */
export class Retryable extends Error {
  override readonly name = 'Retryable'
  readonly afterMs: number | undefined
  constructor(message: string, options: ErrorOptions & { afterMs?: number } = {}) {
    super(message, options)
    this.afterMs = options.afterMs
  }
}
