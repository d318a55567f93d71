import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ServiceError } from '#src/errors.ts'
import { problem } from '../schemas/common.ts'
import { bearerOf } from '../auth.ts'
import { rangeOf } from '../range.ts'
import type { AddRoutes, Services } from './index.ts'

const params = z.object({ token: z.string().max(400), name: z.string().max(255).optional() })

type Opened = Awaited<ReturnType<Services['files']['open']>>

/** Links are capabilities: who has one may read the file, without a key. Only what waits for approval needs one with `review`. */
export const addFiles: AddRoutes = (_add, { files }, app, { authenticate }) => {
  async function reviewerOf({ headers }: FastifyRequest) {
    const bearer = bearerOf(headers.authorization)
    const holder = bearer ? await authenticate(bearer) : undefined
    return holder?.scopes.includes('review') ? { workspaceId: holder.workspaceId } : undefined
  }

  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { token } = request.params as z.output<typeof params>
    const reviewer = await reviewerOf(request)
    const opened = await files.open(token, reviewer ? { reviewer } : {})
    describe(reply, opened.file)
    if (request.headers['if-none-match'] === `"${opened.file.sha256}"`) return await reply.code(304).send()
    // A browser that sends a key reads the bytes here: it could not follow to a bucket that allows no other origins.
    const target = request.headers.authorization ? undefined : await opened.presign()
    if (target) return await reply.redirect(target, 302)
    return await sendBytes(request, reply, opened)
  }
  const schema = {
    tags: ['files'],
    security: [],
    response: {
      200: {
        description: 'The bytes',
        content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
      },
      206: {
        description: 'A range of the bytes',
        content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
      },
      302: z.null().describe('A fresh link to the object store'),
      ...Object.fromEntries(
        [400, 401, 403, 404, 410, 414, 416, 422, 500, 503].map((status) => [
          status,
          { description: 'A problem document', content: { 'application/problem+json': { schema: problem } } },
        ]),
      ),
    },
  }
  app.get(
    '/v1/files/:token',
    { schema: { ...schema, params: params.omit({ name: true }), operationId: 'getFile', summary: 'The bytes behind a link' } },
    answer,
  )
  app.get(
    '/v1/files/:token/:name',
    { schema: { ...schema, params, operationId: 'getNamedFile', summary: 'The bytes behind a link, under a file name' } },
    answer,
  )
}

function describe(reply: FastifyReply, file: Opened['file']): void {
  void reply.headers({
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=300',
    'content-disposition': `inline; filename="${file.file_name.replaceAll(/[^\w.-]/g, '_')}"`,
    'cross-origin-resource-policy': 'cross-origin',
    etag: `"${file.sha256}"`,
  })
}

/** @throws 416 for a range outside the file */
async function sendBytes(request: FastifyRequest, reply: FastifyReply, { file, read }: Opened): Promise<FastifyReply> {
  const range = rangeOf(request.headers.range, request.headers['if-range'], file)
  if (range === 'unsatisfiable') {
    const headers = { 'content-range': `bytes */${file.bytes}` }
    throw new ServiceError('range_not_satisfiable', `The file has ${file.bytes} bytes.`, { headers })
  }
  if (range) void reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.bytes}`)
  void reply.type(file.media_type).header('content-length', range ? range.end - range.start + 1 : file.bytes)
  return await reply.send(request.method === 'HEAD' ? undefined : await read(range ?? undefined))
}
