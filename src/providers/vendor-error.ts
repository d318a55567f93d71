/** What a vendor's error says, in our words. Vendors agree on neither codes nor places, so words are looked for. */
import type { ProviderError, ProviderErrorCode } from './provider.ts'
import { at, isObject } from './job.ts'

/** First match wins; the more specific come first. */
const meanings: readonly (readonly [RegExp, ProviderErrorCode])[] = [
  [
    /moderat|content.?policy|safety|prohibited|nsfw|sensitive.?(?:content|information|words?)|responsible.?ai|content.?filter/i,
    'moderation_input',
  ],
  [/insufficient|quota|\bbalance|credit|billing|payment/i, 'insufficient_funds'],
  [/model.{0,40}(not.?found|retired|deprecat|no longer|unavailable|does not exist|not.?exist|unknown|sunset)/i, 'model_retired'],
  [/(unknown|invalid|unsupported|retired|deprecated|no such).?model/i, 'model_retired'],
  [/rate.?limit|too many|throttl/i, 'rate_limited'],
  [/overload|capacity|busy/i, 'capacity'],
  [/time.?d?.?out/i, 'timeout'],
  [/unauthori|authenticat|api.?key|forbidden|permission/i, 'auth'],
]

const byStatus: Readonly<Record<number, ProviderErrorCode>> = {
  401: 'auth',
  402: 'insufficient_funds',
  403: 'auth',
  429: 'rate_limited',
  503: 'capacity',
  504: 'timeout',
}

interface Said {
  readonly vendorCode: string | undefined
  readonly message: string | undefined
  readonly billed: boolean | undefined
}

const string = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** @param error the vendor's error: an object, a text, or nothing */
function saidBy(error: unknown): Said {
  if (!isObject(error)) return { vendorCode: undefined, message: string(error), billed: undefined }
  const billed = error['billed']
  const code = error['code']
  return {
    vendorCode: string(code) ?? (typeof code === 'number' ? String(code) : string(error['type'])),
    message: string(error['message']) ?? string(error['detail']) ?? string(error['reason']),
    billed: typeof billed === 'boolean' ? billed : undefined,
  }
}

const meaningOf = (words: string): ProviderErrorCode | undefined => meanings.find(([pattern]) => pattern.test(words))?.[1]

interface Context {
  readonly status?: number
  readonly retryable: boolean
  readonly retryAfterMs?: number | undefined
  readonly redact: (text: string) => string
}

function errorOf(error: unknown, fallback: ProviderErrorCode, { redact, retryable, retryAfterMs }: Context): ProviderError {
  const { vendorCode, message, billed } = saidBy(error)
  const code = meaningOf(vendorCode ?? '') ?? meaningOf(message ?? '') ?? fallback
  return {
    code,
    message: redact(message ?? vendorCode ?? 'The provider gave no reason.'),
    retryable,
    ...(vendorCode && { vendorCode: redact(vendorCode) }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(billed !== undefined && { billed }),
  }
}

/** The error of an HTTP answer that is none of 2xx. */
export function errorOfAnswer(json: unknown, context: Context & { status: number }): ProviderError {
  const { status } = context
  const said = at(json, 'error') ?? json
  const gone = (status === 404 || status === 410) && /model/i.test(JSON.stringify(said) ?? '')
  const fallback = byStatus[status] ?? (gone ? 'model_retired' : status >= 500 ? 'vendor_internal' : 'invalid_request')
  const error = errorOf(said, fallback, context)
  return error.message === 'The provider gave no reason.' ? { ...error, message: `The provider answered ${status}.` } : error
}

/** The error of a job that failed. What was blocked after it was accepted was the output. */
export function errorOfJob(error: unknown, redact: Context['redact']): ProviderError {
  const found = errorOf(error, 'unknown', { redact, retryable: false })
  const code =
    found.code === 'moderation_input' && !/input|prompt/i.test(found.vendorCode ?? '') ? 'moderation_output' : found.code
  const passing: readonly ProviderErrorCode[] = ['capacity', 'timeout', 'rate_limited', 'vendor_internal']
  return { ...found, code, retryable: passing.includes(code) }
}

/** @returns milliseconds from `Retry-After` (seconds or a date), a day at most; undefined without one */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 86_400_000) : undefined
}
