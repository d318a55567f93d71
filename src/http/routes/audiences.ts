import type { Readable } from 'node:stream'
import { z } from 'zod'
import { id, page, pageQuery } from '../schemas/common.ts'
import { audience, audienceInput, importError, importQuery, importResult, segment } from '../schemas/library.ts'
import { pipeImportErrors } from '../import-errors.ts'
import type { AddRoutes } from './index.ts'

const one = z.object({ id: id('audience') })
const importId = z.object({ id: id('import') })
const tag = 'audiences'

/** Content types of an upload → the format they carry. */
const uploads = { 'text/csv': 'csv', 'application/x-ndjson': 'ndjson', 'application/json': 'json' } as const

const formatOf = (contentType: string | undefined) =>
  uploads[(contentType ?? '').split(';')[0]!.trim().toLowerCase() as keyof typeof uploads]

export const addAudiences: AddRoutes = (add, { audiences }, app) => {
  add({
    method: 'POST',
    url: '/v1/audiences',
    operationId: 'createAudience',
    tag,
    needs: 'write',
    effect: 'change',
    idempotent: true,
    summary: 'Create an empty audience',
    body: audienceInput,
    status: 201,
    answer: audience,
    handler: ({ scope, body }) => audiences.create(scope, body),
  })
  add({
    method: 'GET',
    url: '/v1/audiences',
    operationId: 'listAudiences',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'List audiences, newest first',
    query: pageQuery,
    answer: page(audience, 'Audience'),
    handler: ({ scope, query }) => audiences.list(scope, query),
  })
  add({
    method: 'GET',
    url: '/v1/audiences/:id',
    operationId: 'getAudience',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'One audience',
    params: one,
    answer: audience,
    handler: ({ scope, params }) => audiences.get(scope, params.id),
  })
  add({
    method: 'DELETE',
    url: '/v1/audiences/:id',
    operationId: 'deleteAudience',
    tag,
    needs: 'write',
    effect: 'change',
    summary: 'Delete an audience that no campaign uses',
    params: one,
    handler: ({ scope, params }) => audiences.delete(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/audiences/:id/segments',
    operationId: 'listSegments',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'The segments of the newest revision, in the order of the import',
    params: one,
    query: pageQuery,
    answer: page(segment, 'Segment'),
    handler: ({ scope, params, query }) => audiences.segments(scope, params.id, query),
  })
  add({
    method: 'DELETE',
    url: '/v1/audiences/:id/segments/:key',
    operationId: 'eraseSegment',
    tag,
    needs: 'admin',
    effect: 'change',
    summary: 'Erase a segment from every revision',
    params: one.extend({ key: z.string().min(1).max(512) }),
    handler: ({ scope, params }) => audiences.eraseSegment(scope, params.id, params.key),
  })
  add({
    method: 'GET',
    url: '/v1/imports/:id',
    operationId: 'getImport',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'What an import did',
    params: importId,
    answer: importResult,
    handler: ({ scope, params }) => audiences.getImport(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/imports/:id/errors',
    operationId: 'listImportErrors',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'Refused rows, as pages',
    params: importId,
    query: pageQuery,
    answer: page(importError, 'ImportError'),
    handler: ({ scope, params, query }) => audiences.importErrors(scope, params.id, query),
  })
  add({
    method: 'GET',
    url: '/v1/imports/:id/errors.csv',
    operationId: 'downloadImportErrors',
    tag,
    needs: 'read',
    effect: 'own',
    summary: 'Refused rows, as a CSV file',
    params: importId,
    streams: { 'text/csv': z.string() },
    handler: async ({ scope, params, reply }) => {
      const { id: checked } = await audiences.getImport(scope, params.id)
      await pipeImportErrors(reply, (cursor) => audiences.importErrors(scope, checked, { limit: 100, cursor }))
    },
  })
  void app.register(async (streaming) => {
    // The body is handed to the service as it arrives: nothing is buffered, whatever its size.
    streaming.removeAllContentTypeParsers()
    streaming.addContentTypeParser(Object.keys(uploads), { bodyLimit: Number.MAX_SAFE_INTEGER }, (_request, payload, done) =>
      done(null, payload),
    )
    add(
      {
        method: 'PUT',
        url: '/v1/audiences/:id/segments',
        operationId: 'importSegments',
        tag,
        needs: 'write',
        effect: 'own',
        summary: 'Upload segments: the next revision whole, or nothing; refused rows are told',
        description:
          'Columns by header: `key`, `locale`, every other one is an attribute. JSON: an array of `{key, locale, attributes}`; NDJSON: one of them a line.',
        params: one,
        query: importQuery,
        answer: importResult,
        consumes: Object.keys(uploads),
        handler: ({ scope, params, query, request }) =>
          audiences.importSegments(scope, params.id, {
            ...query,
            format: formatOf(request.headers['content-type']),
            body: request.body as Readable,
          }),
      },
      streaming,
    )
  })
}
