/**
 * One request and what was seen of its answer, through the openai SDK's client. The SDK's own retries are off: it would
 * send a paid submission three times. Statuses are no exceptions here; whoever asked decides what they mean.
 */
import { createHash } from 'node:crypto'
import OpenAI from 'openai'
import type { Dialect } from './dialects.ts'
import type { WireEvidence } from './provider.ts'
import { redact } from './redact.ts'
import type { EncodedBody } from './request.ts'
import { failureOf, type WireFailure } from './wire-failure.ts'

export interface Answer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: Headers
  /** undefined when the body is no JSON, or broke off. */
  readonly json: unknown
  readonly evidence: WireEvidence
}

export type Seen = Answer | WireFailure

interface CallOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly body?: EncodedBody
}

interface Dependencies {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  readonly dialect: Pick<Dialect, 'auth' | 'query'>
  /** Sent with every request, e.g. for a gateway's own account. */
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: typeof globalThis.fetch
}

/** A job's description is a few kilobytes; a list's page some hundred. */
const mostBytes = 4 * 1024 * 1024
const requestIdHeaders = ['x-request-id', 'request-id', 'apim-request-id', 'x-generation-id']

/** Reads what comes. A body that breaks off or never ends does not hide the status, which is all that some answers mean. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes > mostBytes) break
    }
  } catch {
    // The text stays short, and is no JSON.
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function answerOf(status: number, headers: Headers, text: string, secrets: readonly string[]): Answer {
  const vendorRequestId = requestIdHeaders.map((name) => headers.get(name)).find((id) => id !== null)
  const evidence = {
    status,
    ...(vendorRequestId && { vendorRequestId: redact(vendorRequestId, secrets) }),
    bodySha256: createHash('sha256').update(text).digest('hex'),
    bodyExcerpt: redact(text, secrets),
  }
  return { kind: 'answer', status, headers, json: parse(text), evidence }
}

/** Everything that the SDK would otherwise read from the environment is given. */
function createClient({ baseUrl, apiKey, dialect, headers, fetch }: Dependencies): OpenAI {
  return new OpenAI({
    baseURL: baseUrl,
    apiKey: apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    logLevel: 'off',
    fetch,
    fetchOptions: { redirect: 'manual' },
    defaultHeaders: { ...authHeaders({ apiKey, dialect }), ...headers },
  })
}

/** `null` removes what the SDK would send. */
const authHeaders = ({ apiKey, dialect }: Pick<Dependencies, 'apiKey' | 'dialect'>): Record<string, string | null> => {
  if (apiKey === undefined) return { authorization: null }
  return dialect.auth === 'api-key' ? { authorization: null, 'api-key': apiKey } : { authorization: `Bearer ${apiKey}` }
}

export function createWire(dependencies: Dependencies) {
  const { apiKey, dialect, fetch } = dependencies
  const secrets = apiKey === undefined ? [] : [apiKey]
  const client = createClient(dependencies)

  /** @param path below the base URL. Exactly one request, never a throw. */
  async function call(method: 'get' | 'post' | 'delete', path: string, options: CallOptions): Promise<Seen> {
    let answer: Answer | undefined
    let sent = false
    const recorder: typeof globalThis.fetch = async (input, init) => {
      sent = true
      const response = await fetch(input, init)
      const text = await readText(response)
      answer = answerOf(response.status, response.headers, text, secrets)
      return new Response(null, { status: response.status })
    }
    const { signal, timeoutMs: timeout, query, headers, body } = options
    try {
      const once = client.withOptions({ fetch: recorder })
      const request = {
        signal,
        timeout,
        maxRetries: 0,
        query: { ...dialect.query, ...query },
        headers: { ...headers, ...(body && { 'content-type': body.contentType }) },
        ...(body && { body: body.body }),
      }
      await once[method](path, request).asResponse()
    } catch (error) {
      // A status that the SDK throws for has left an answer; only what has none is a failure.
      if (!answer) return failureOf(error, { sent, secrets })
    }
    return answer ?? failureOf(new Error('The request was not made.'), { sent, secrets })
  }

  return {
    call,
    /** For downloads, which do not go through the SDK. */
    authorization: (): Record<string, string> =>
      Object.fromEntries(
        Object.entries({ ...authHeaders(dependencies), ...dependencies.headers }).filter(
          (entry): entry is [string, string] => entry[1] !== null,
        ),
      ),
    redact: (text: string) => redact(text, secrets),
  }
}

export type Wire = ReturnType<typeof createWire>
