import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ServiceError } from '#src/errors.ts'
import { problem } from '../schemas/common.ts'
import { rangeOf } from '../range.ts'
import type { AddRoutes } from './index.ts'

const params = z.object({ token: z.string().max(400), name: z.string().max(255).optional() })

/** Links are capabilities: who has one may read the file, without a key. */
export const addFiles: AddRoutes = (_add, { files }, app) => {
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { token } = request.params as z.output<typeof params>
    const opened = await files.open(token)
    const { file } = opened
    void reply.headers({
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=300',
      'content-disposition': `inline; filename="${file.file_name.replaceAll(/[^\w.-]/g, '_')}"`,
      'cross-origin-resource-policy': 'cross-origin',
      etag: `"${file.sha256}"`,
    })
    if (request.headers['if-none-match'] === `"${file.sha256}"`) return await reply.code(304).send()
    const target = await opened.presign()
    if (target) return await reply.redirect(target, 302)
    const range = rangeOf(request.headers.range, request.headers['if-range'], file)
    if (range === 'unsatisfiable') {
      throw new ServiceError('range_not_satisfiable', `The file has ${file.bytes} bytes.`, {
        headers: { 'content-range': `bytes */${file.bytes}` },
      })
    }
    const bytes = range ? range.end - range.start + 1 : file.bytes
    void reply
      .code(range ? 206 : 200)
      .type(file.media_type)
      .header('content-length', bytes)
    if (range) void reply.header('content-range', `bytes ${range.start}-${range.end}/${file.bytes}`)
    if (request.method === 'HEAD') return await reply.send()
    return await reply.send(await opened.read(range ?? undefined))
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
      302: { description: 'A fresh link to the object store', type: 'null' },
      ...Object.fromEntries(
        [404, 410, 416].map((status) => [
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
