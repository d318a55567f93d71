/**
 * The log: one JSON line an event, on stderr (stdout has the lines for people). Secrets and personal values are cut out
 * here too, although nobody should log them in the first place.
 */
import { type DestinationStream, destination, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Names whose values never reach the log, at the top of an event or up to two levels below it. */
const hidden = [
  'authorization',
  'cookie',
  'secret',
  'previous_secret',
  'key',
  'api_key',
  'apiKey',
  'password',
  'token',
  'connectionString',
  'attributes',
  'texts',
  'prompt',
  'body',
  '["x-api-key"]',
  '["webhook-signature"]',
]

const paths = hidden.flatMap((name) => {
  const tail = name.startsWith('[') ? name : `.${name}`
  return [name, `*${tail}`, `*.*${tail}`]
})

interface ErrorFields {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: ErrorFields
}

/** Postgres quotes the offending value in its data errors (class 22): it may be somebody's name. */
const messageOf = (error: Error & { code?: unknown; severity?: unknown }): string =>
  error.severity && String(error.code).startsWith('22') ? error.message.replace(/[:"].*/s, '…') : error.message

/** Only these fields: `detail`, `where` and `parameters` of a database error quote rows. */
export function describeError(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { code } = error as { code?: string | number }
  const message = messageOf(error)
  return {
    type: error.name,
    message,
    ...(code !== undefined && { code: String(code) }),
    ...(error.stack && { stack: error.stack.replace(error.message, () => message) }),
    ...(error.cause !== undefined && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  }
}

export interface LoggerOptions {
  readonly level: string
  /** Default: stderr, written at once, so that the last line before a crash is there. */
  readonly stream?: DestinationStream
}

export const createLogger = ({ level, stream = destination({ dest: 2, sync: true }) }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[hidden]' },
      serializers: { err: (error: unknown) => describeError(error), error: (error: unknown) => describeError(error) },
    },
    stream,
  )
