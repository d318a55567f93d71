/** Faults → RFC 9457 problem documents. Everything that is not a 2xx leaves through here. */
import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { catalogue, ServiceError, type ErrorCode, type Fault } from '#src/errors.ts'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly instance: string
  readonly errors?: readonly Fault[]
}

/** What the framework throws before a route runs, as our own codes. */
const frameworkFaults: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_request', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_request', 'The body is empty although the content type says JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'The body has another length than Content-Length says.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'This content type is not accepted here; see openapi.yaml for the ones that are.',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'A JSON body has 1 MiB at most. Segments and media are uploaded as streams.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The address is not validly encoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri_too_long', 'A part of the path is longer than 512 characters.'],
}

function asServiceError(error: FastifyError | Error): ServiceError {
  if (error instanceof ServiceError) return error
  const known = frameworkFaults[(error as FastifyError).code]
  if (known) return new ServiceError(known[0], known[1])
  const status = (error as FastifyError).statusCode ?? 500
  if (status >= 400 && status < 500) return new ServiceError('invalid_request', STATUS_CODES[status] ?? 'Bad request')
  return new ServiceError('internal', 'Something failed on our side. The request id leads to it in the logs.', { cause: error })
}

/** @param instance the path that was asked for, without its query (queries can hold what should not be repeated) */
export function problemOf(error: ServiceError, instance: string): Problem {
  return {
    type: `https://spotsmith.dev/problems/${error.code}`,
    title: catalogue[error.code].title,
    status: error.status,
    detail: error.message,
    code: error.code,
    instance,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
    ...error.extensions,
  }
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, cause: FastifyError | Error): FastifyReply {
  const error = asServiceError(cause)
  if (error.status >= 500) request.log.error({ err: error.cause ?? error, request_id: request.id }, 'request.failed')
  return reply
    .code(error.status)
    .headers(error.headers)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(error, request.url.split('?')[0]!)))
}
