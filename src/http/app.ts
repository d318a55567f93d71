/** The HTTP application. It never listens: main.ts does, and tests inject into it. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Db } from '#src/database/client.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import type { Authenticate } from './auth.ts'
import { addConsole, type ConsoleOptions } from './console-pages.ts'
import { addHealth, type Health } from './health.ts'
import { createOperations } from './operation.ts'
import { openapiOptions } from './openapi.ts'
import { sendProblem } from './problem.ts'
import { createRateLimiter } from './rate-limit.ts'
import { addRoutes, type Services } from './routes/index.ts'
import type { WaitForEvents } from './sse.ts'
import { zodValidator } from './validation.ts'

export interface AppDependencies {
  readonly db: Db
  readonly authenticate: Authenticate
  readonly services: Services
  readonly health: Health
  readonly newRequestId: () => string
  readonly requestsPerMinute: number
  readonly waitForEvents?: WaitForEvents
  readonly logger?: FastifyBaseLogger
  /** The pages of the console; left out where only the API is described or tested. */
  readonly pages?: ConsoleOptions
}

const jsonBodyBytes = 1024 * 1024

/** Headers that no answer of ours should lack; the docs page sets a policy of its own. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

const addHeaders = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply.headers({ 'x-request-id': request.id, ...securityHeaders })

export async function createApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const app = fastify({
    ...(dependencies.logger ? { loggerInstance: dependencies.logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    // What cannot be routed passes no hook.
    frameworkErrors: (error, request, reply) => void sendProblem(request, addHeaders(request, reply), error),
    bodyLimit: jsonBodyBytes,
    genReqId: () => dependencies.newRequestId(),
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  })
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(zodValidator)
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.setErrorHandler((error: Error, request, reply) => sendProblem(request, reply, error))
  app.addHook('onRequest', async (request, reply) => void addHeaders(request, reply))
  logRequests(app)
  answerUnknownRoutes(app)
  await app.register(swagger, openapiOptions)
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true, uiConfig: { docExpansion: 'list', deepLinking: true } })
  const limit = await createRateLimiter(app, dependencies.requestsPerMinute)
  await app.register(async (scoped) => {
    addHealth(scoped, dependencies.health)
    addRoutes(scoped, createOperations(scoped, { ...dependencies, limit }), dependencies.services, dependencies)
    if (dependencies.pages) await addConsole(scoped, dependencies.pages)
    scoped.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  })
  return app
}

/** One wide event a request; no bodies, no queries, no tokens of links. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        request_id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request.answered',
    )
  })
}

/** 404 for an unknown path, 405 for a known path with another method. */
function answerUnknownRoutes(app: FastifyInstance): void {
  const known: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url
        .replaceAll(/[.+?^$()|[\]\\]/g, String.raw`\$&`)
        .replaceAll('*', '.*')
        .replaceAll(/:[^/]+/g, '[^/]+')}/?$`,
    )
    known.push({ pattern, methods: [method].flat() })
  })
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0]!
    const methods = [...new Set(known.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods))].sort()
    if (methods.length === 0) return sendProblem(request, reply, notFound('route', path))
    const allow = methods.join(', ')
    return sendProblem(
      request,
      reply,
      new ServiceError('method_not_allowed', `This address answers to: ${allow}.`, { headers: { allow } }),
    )
  })
}
