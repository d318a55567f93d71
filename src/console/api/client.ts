/** One way to the API: the key, JSON, idempotency keys for what creates or spends, and problem documents as errors. */
import { expire, session } from './session.ts'

export interface Fault {
  readonly pointer: string
  readonly code: string
  readonly message: string
}

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly faults: readonly Fault[]
  readonly problem: Readonly<Record<string, unknown>>

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(typeof problem['detail'] === 'string' ? problem['detail'] : `The service answered ${status}.`)
    this.name = 'ApiError'
    this.status = status
    this.code = typeof problem['code'] === 'string' ? problem['code'] : 'unknown'
    this.faults = Array.isArray(problem['errors']) ? (problem['errors'] as Fault[]) : []
    this.problem = problem
  }
}

/** The network is gone, or the service is. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The service cannot be reached. Check the connection; what you see is from before.', { cause })
    this.name = 'Unreachable'
  }
}

export interface Options {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>
  /** Instead of a JSON body. */
  readonly raw?: { readonly type: string; readonly content: Blob }
  readonly signal?: AbortSignal
  /** The page may close before the answer comes. */
  readonly keepalive?: boolean
  /** Sent with this key instead of the session's. */
  readonly key?: string
}

function urlOf(path: string, query: Options['query']): string {
  const url = new URL(path, location.origin)
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value))
  }
  return url.href
}

function requestOf({ method = 'GET', body, raw, signal, keepalive, key = session()?.key }: Options): RequestInit {
  const headers = new Headers()
  if (key) headers.set('authorization', `Bearer ${key}`)
  if (method === 'POST') headers.set('idempotency-key', crypto.randomUUID())
  const content = raw ? raw.content : body === undefined ? undefined : JSON.stringify(body)
  if (content !== undefined) headers.set('content-type', raw ? raw.type : 'application/json')
  return {
    method,
    headers,
    ...(content !== undefined && { body: content }),
    ...(signal && { signal }),
    ...(keepalive && { keepalive }),
  }
}

/** @throws ApiError, Unreachable */
export async function send(path: string, options: Options = {}): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(urlOf(path, options.query), requestOf(options))
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new Unreachable(error)
  }
  if (answer.ok) return answer
  const problem = await answer.json().catch(() => ({}))
  if (answer.status === 401 && options.key === undefined) expire()
  throw new ApiError(answer.status, problem as Readonly<Record<string, unknown>>)
}

/** @returns the parsed answer; undefined where there is none */
export async function call<T>(path: string, options: Options = {}): Promise<T> {
  const answer = await send(path, options)
  return (answer.status === 204 ? undefined : await answer.json()) as T
}
