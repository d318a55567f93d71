/**
 * Outgoing requests to addresses that callers chose: webhooks, images, clips of foreign hosts. Every connection passes the
 * guard; time (connect and lookup included) and size are bounded; redirects are only followed when asked for, and judged.
 */
import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, fetch as undiciFetch, request } from 'undici'
import { createConnector } from './connector.ts'
import { createDeadline } from './deadline.ts'
import { type Failed, failureOf } from './failure.ts'
import { type Guard, TargetRefused } from './guard.ts'
import { limited, readHead } from './limits.ts'

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  /** From the call to the last byte that is read, lookup and connect included. */
  readonly timeoutMs: number
  /** How much of the answer's body is kept; the rest is not read. */
  readonly maxResponseBytes: number
  readonly signal?: AbortSignal
}

export interface Answered {
  readonly status: 'answered'
  readonly httpStatus: number
  readonly headers: Readonly<Record<string, string>>
  /** At most `maxResponseBytes`, from the start. */
  readonly body: Uint8Array
}

export interface OpenOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** The stream fails with ResponseTooLarge beyond it. */
  readonly maxBytes: number
  /** How many redirects are followed, each judged like the first address; default 0. Headers stay with the first origin. */
  readonly maxRedirects?: number
  readonly signal?: AbortSignal
}

export interface Opened {
  readonly status: 'opened'
  readonly httpStatus: number
  readonly headers: Readonly<Record<string, string>>
  /** Must be read or destroyed; fails when time or size run out. */
  readonly body: Readable
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)
/** A black hole must not keep a socket much longer than any request waits. */
const CONNECT_TIMEOUT_MS = 10_000

export function createOutgoing({ guard }: { guard: Guard }) {
  const agent = new Agent({ connect: createConnector(guard, { connectTimeoutMs: CONNECT_TIMEOUT_MS }) })

  /** One request, no redirects. @throws what undici throws, TargetRefused, or the signal's reason */
  async function exchange(url: string, options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>, signal: AbortSignal) {
    const verdict = guard.judgeUrl(url)
    if (verdict.status === 'refused') throw new TargetRefused(verdict)
    signal.throwIfAborted()
    // headersTimeout and bodyTimeout would each start anew; the signal bounds the whole.
    const pending = request(url, { ...options, dispatcher: agent, signal, headersTimeout: 0, bodyTimeout: 0 })
    return await orAborted(pending, signal)
  }

  async function post(url: string, options: PostOptions): Promise<Answered | Failed> {
    const deadline = createDeadline(options)
    try {
      const { headers, body } = options
      const answer = await exchange(url, { method: 'POST', headers, body }, deadline.signal)
      // The status line is the answer: a body that stalls or breaks off does not turn a 2xx into a failure.
      const head = await readHead(answer.body, options.maxResponseBytes)
      return { status: 'answered', httpStatus: answer.statusCode, headers: flat(answer.headers), body: head }
    } catch (error) {
      return deadline.failure() ?? failureOf(error)
    } finally {
      deadline.clear()
    }
  }

  async function follow(url: string, options: OpenOptions, signal: AbortSignal) {
    let headers = options.headers ?? {}
    let at = url
    for (let left = options.maxRedirects ?? 0; ; left--) {
      const answer = await exchange(at, { method: 'GET', headers }, signal)
      const location = flat(answer.headers)['location']
      if (!isRedirect(answer.statusCode) || location === undefined || left <= 0) return answer
      answer.body.on('error', () => {}).destroy()
      const next = new URL(location, at)
      // Credentials were meant for the origin that was asked, not for whatever it points at.
      if (next.origin !== new URL(at).origin) headers = {}
      at = next.href
    }
  }

  async function open(url: string, options: OpenOptions): Promise<Opened | Failed> {
    const deadline = createDeadline(options)
    try {
      const answer = await follow(url, options, deadline.signal)
      const body = limited(answer.body, options.maxBytes).once('close', deadline.clear)
      return { status: 'opened', httpStatus: answer.statusCode, headers: flat(answer.headers), body }
    } catch (error) {
      deadline.clear()
      return deadline.failure() ?? failureOf(error)
    }
  }

  async function guardedFetch(...[input, init]: Parameters<typeof undiciFetch>) {
    const verdict = guard.judgeUrl(typeof input === 'object' && 'url' in input ? input.url : String(input))
    if (verdict.status === 'refused') throw new TargetRefused(verdict)
    return await undiciFetch(input, { ...init, dispatcher: agent })
  }

  return {
    /** One POST. Never throws for what the other side does. */
    post,
    /** A GET whose body is a stream. Never throws for what the other side does before the body begins. */
    open,
    /** For libraries that take a fetch. The guard judges every connection, redirects included; set a time limit on each call. */
    fetch: guardedFetch as unknown as typeof globalThis.fetch,
    /** Ends idle and running connections. Idempotent. */
    close: (): Promise<void> => agent.destroy(),
  }
}

export type Outgoing = ReturnType<typeof createOutgoing>

/** undici notices an abort only once it is connected; a lookup or connect that hangs must not outlast the time limit. */
async function orAborted(pending: Promise<Dispatcher.ResponseData>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([pending, aborted.promise])
  } catch (error) {
    pending.then(
      ({ body }) => body.on('error', () => {}).destroy(),
      () => {},
    )
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Repeated headers are joined; names are lower case already. */
const flat = (headers: Dispatcher.ResponseData['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
