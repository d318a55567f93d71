import { z } from 'zod'
import { problem } from '../schemas/common.ts'
import type { AddRoutes } from './index.ts'

const params = z.object({ provider: z.string().max(40), token: z.string().max(400) })
const mostBytes = 1024 * 1024

/** The token in the address is the capability; signatures are over the exact bytes, so nothing parses them. */
export const addCallbacks: AddRoutes = (_add, { callbacks }, app) => {
  void app.register(async (scoped) => {
    scoped.removeAllContentTypeParsers()
    scoped.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) => done(null, body))
    scoped.post(
      '/v1/callbacks/:provider/:token',
      {
        schema: {
          operationId: 'receiveCallback',
          tags: ['generations'],
          summary: 'A provider calls back about a job: the job is polled now, and nothing else is believed',
          params,
          security: [],
          response: {
            204: z.undefined().describe('Done'),
            ...Object.fromEntries(
              [400, 403, 404, 413, 414, 415, 422, 500, 503].map((status) => [
                status,
                { description: 'A problem document', content: { 'application/problem+json': { schema: problem } } },
              ]),
            ),
          },
        },
      },
      async (request, reply) => {
        const { provider, token } = request.params as z.output<typeof params>
        const headers = new Headers(
          Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
            typeof value === 'string' ? [[name, value]] : [],
          ),
        )
        const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        await callbacks.receive({ provider, token, raw, headers })
        return await reply.code(204).send()
      },
    )
  })
}
