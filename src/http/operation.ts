/**
 * One way to add a call to the API: its schemas, scope, transaction, idempotency and ETag are declared, the handler
 * only calls a service. A call that changes something runs in one transaction with its stored answer.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { transaction, type Db } from '#src/database/client.ts'
import type { Scope } from '#src/domain/scope.ts'
import { ServiceError } from '#src/errors.ts'
import { callerOf, type Authenticate, type Caller, type KeyScope } from './auth.ts'
import { checkKey, once, type Answer } from './idempotency.ts'
import type { RateLimiter } from './rate-limit.ts'
import { problem } from './schemas/common.ts'

export interface OperationContext {
  readonly db: Db
  readonly authenticate: Authenticate
  readonly limit: RateLimiter
}

type Shape = z.ZodType
type Out<S extends Shape | undefined> = S extends Shape ? z.output<S> : undefined

/** What a service may return for a schema: services freeze what they give away. */
type Given<T> = T extends readonly (infer E)[]
  ? readonly Given<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Given<T[K]> }
    : T

export interface OperationInput<P extends Shape | undefined, Q extends Shape | undefined, B extends Shape | undefined> {
  readonly scope: Scope
  readonly caller: Caller
  readonly params: Out<P>
  readonly query: Out<Q>
  readonly body: Out<B>
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export interface Operation<
  P extends Shape | undefined = undefined,
  Q extends Shape | undefined = undefined,
  B extends Shape | undefined = undefined,
  A extends Shape | undefined = undefined,
> {
  readonly method: HTTPMethods
  readonly url: string
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly needs: KeyScope
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** Status of success; 204 where there is no answer. */
  readonly status?: number
  readonly answer?: A
  /** A read takes the pool; a change takes a transaction; `own` leaves transactions to the service (streams). */
  readonly effect: 'read' | 'change' | 'own'
  /** Kept and replayed for an Idempotency-Key. */
  readonly idempotent?: boolean
  /** The answer carries a secret and is never stored. */
  readonly secret?: boolean
  /** The resource as it is now; with it the call honours If-Match. */
  readonly current?: (input: OperationInput<P, Q, B>) => Promise<object>
  /** The answer gets an ETag. */
  readonly tagged?: boolean
  /** Content types of a streamed body. */
  readonly consumes?: readonly string[]
  /** The handler sends the answer itself, as a stream of one of these content types. */
  readonly streams?: Readonly<Record<string, Shape>>
  readonly handler: (input: OperationInput<P, Q, B>) => Promise<A extends Shape ? Given<z.input<A>> : void>
}

/** Statuses that every call may answer with, beside its own. */
const problems = (operation: {
  body?: unknown
  params?: unknown
  idempotent?: boolean
  current?: unknown
  consumes?: unknown
}) => [
  400,
  401,
  403,
  404,
  422,
  429,
  500,
  503,
  ...(operation.params ? [414] : []),
  ...(operation.body || operation.consumes ? [413, 415] : []),
  ...(operation.idempotent || operation.current ? [409, 412] : [409]),
]

/** Strong and derived from what an edit is decided by: the id and the time of the last change. */
export const etagOf = (resource: { id?: unknown; updated_at?: unknown; version?: unknown }): string =>
  `"${createHash('sha256')
    .update(JSON.stringify([resource.id, resource.version, resource.updated_at]))
    .digest('base64url')
    .slice(0, 22)}"`

export type AddOperation = ReturnType<typeof createOperations>

export function createOperations(app: FastifyInstance, { db, authenticate, limit }: OperationContext) {
  const callers = new WeakMap<FastifyRequest, Caller>()

  return function add<
    P extends Shape | undefined = undefined,
    Q extends Shape | undefined = undefined,
    B extends Shape | undefined = undefined,
    A extends Shape | undefined = undefined,
  >(operation: Operation<P, Q, B, A>, on: FastifyInstance = app): void {
    const status = operation.status ?? (operation.answer || operation.streams ? 200 : 204)
    on.route({
      method: operation.method,
      url: operation.url,
      schema: schemaOf(operation, status),
      onRequest: async (request, reply) => {
        await limit(request, reply)
        callers.set(request, await callerOf(request, authenticate, operation.needs))
      },
      handler: async (request, reply) => {
        const caller = callers.get(request)!
        assertBody(operation, request)
        const run = (connection: Db) => answer(operation, status, inputOf(request, reply, caller, connection))
        if (operation.streams) return await stream(operation, inputOf(request, reply, caller, db))
        const result = await perform(operation, request, caller, run)
        for (const [name, value] of Object.entries(result.headers)) void reply.header(name, value)
        void reply.code(result.status)
        if (result.status === 204) return await reply.send()
        return await reply.type('application/json; charset=utf-8').send(result.body)
      },
    })
  }

  async function perform<
    P extends Shape | undefined,
    Q extends Shape | undefined,
    B extends Shape | undefined,
    A extends Shape | undefined,
  >(
    operation: Operation<P, Q, B, A>,
    request: FastifyRequest,
    caller: Caller,
    run: (connection: Db) => Promise<Answer>,
  ): Promise<Answer> {
    if (operation.effect !== 'change') return await run(db)
    const key = operation.idempotent ? checkKey(request.headers['idempotency-key']) : undefined
    if (key === undefined) return await transaction(db, run)
    const route = `${request.method} ${request.routeOptions.url}`
    const content = `${request.url}\n${JSON.stringify(request.body ?? null)}`
    const result = await once(db, { workspaceId: caller.workspaceId, route, key, content }, run)
    return result.replayed ? { ...result, headers: { ...result.headers, 'idempotent-replayed': 'true' } } : result
  }
}

/** @throws 415 where a stream is needed and nothing was sent: without a body no parser has looked at the content type */
function assertBody({ consumes }: { consumes?: readonly string[] }, { body }: FastifyRequest): void {
  if (!consumes || (body !== undefined && body !== null)) return
  throw new ServiceError('unsupported_media_type', `Send a body, with one of these content types: ${consumes.join(', ')}.`)
}

/** The handler has taken the reply over; Fastify must not answer a second time. */
async function stream<
  P extends Shape | undefined,
  Q extends Shape | undefined,
  B extends Shape | undefined,
  A extends Shape | undefined,
>(operation: Operation<P, Q, B, A>, input: OperationInput<P, Q, B>): Promise<FastifyReply> {
  await operation.handler(input)
  return input.reply
}

function inputOf<P extends Shape | undefined, Q extends Shape | undefined, B extends Shape | undefined>(
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
  db: Db,
): OperationInput<P, Q, B> {
  return {
    scope: { workspaceId: caller.workspaceId, actor: caller.keyId, requestId: request.id, db },
    caller,
    params: request.params as Out<P>,
    query: request.query as Out<Q>,
    body: request.body as Out<B>,
    request,
    reply,
  }
}

async function answer<
  P extends Shape | undefined,
  Q extends Shape | undefined,
  B extends Shape | undefined,
  A extends Shape | undefined,
>(operation: Operation<P, Q, B, A>, status: number, input: OperationInput<P, Q, B>): Promise<Answer> {
  if (operation.current) await checkIfMatch(input.request, () => operation.current!(input))
  const result = await operation.handler(input)
  const shown = operation.answer ? operation.answer.parse(result) : undefined
  const headers: Record<string, string> = operation.tagged && shown ? { etag: etagOf(shown) } : {}
  return { status, body: shown === undefined ? '' : JSON.stringify(shown), headers, secret: operation.secret ?? false }
}

/** @throws 412 when the resource is not the one that the caller saw */
async function checkIfMatch(request: FastifyRequest, current: () => Promise<object>): Promise<void> {
  const wanted = request.headers['if-match']
  if (wanted === undefined || wanted.trim() === '*') return
  const etag = etagOf(await current())
  if (wanted.split(',').some((candidate) => candidate.trim() === etag)) return
  throw new ServiceError(
    'precondition_failed',
    'The resource was changed after you read it. Read it again, and send its new ETag.',
    {
      headers: { etag },
    },
  )
}

/** Told in openapi.yaml; what they mean is checked where they are used. */
const headersOf = ({ idempotent, current }: { idempotent?: boolean; current?: unknown }) =>
  z.looseObject({
    ...(idempotent
      ? { 'idempotency-key': z.string().optional().describe('A key of your own; a second call with it gets the first answer') }
      : {}),
    ...(current
      ? { 'if-match': z.string().optional().describe('The ETag that you read; 412 when the resource has changed since') }
      : {}),
  })

/** A body that goes to the service as it arrives: described, not checked. */
const streamed = z.any().meta({ type: 'string', format: 'binary' })

const streamOf = (types: Readonly<Record<string, Shape>>) => ({
  description: 'A stream',
  content: Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }])),
})

function schemaOf(
  operation:
    | Operation<never, never, never, never>
    | Operation<Shape | undefined, Shape | undefined, Shape | undefined, Shape | undefined>,
  status: number,
) {
  const statuses = [...new Set(problems(operation))].sort((a, b) => a - b)
  return {
    operationId: operation.operationId,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description ? { description: operation.description } : {}),
    ...(operation.params ? { params: operation.params } : {}),
    ...(operation.query ? { querystring: operation.query } : {}),
    ...(operation.idempotent || operation.current ? { headers: headersOf(operation) } : {}),
    ...(operation.body ? { body: operation.body } : {}),
    ...(operation.consumes ? { body: streamed, consumes: [...operation.consumes] } : {}),
    security: [{ key: [operation.needs] }],
    response: {
      [status]: operation.streams ? streamOf(operation.streams) : (operation.answer ?? z.null().describe('Done')),
      ...Object.fromEntries(
        statuses.map((s) => [
          s,
          { description: 'A problem document', content: { 'application/problem+json': { schema: problem } } },
        ]),
      ),
    },
  }
}
