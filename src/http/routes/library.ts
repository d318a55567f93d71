import { z } from 'zod'
import { readUpload } from '../upload.ts'
import { id, page } from '../schemas/common.ts'
import { dependents, format, formatInput, media, mediaQuery, model } from '../schemas/library.ts'
import type { AddRoutes } from './index.ts'

const formatId = z.object({ id: z.string().max(64) })
const mediaId = z.object({ id: id('media') })
const modelId = z.object({ provider: z.string().max(64), model: z.string().max(128) })

export const addLibrary: AddRoutes = (add, { media: library, formats, models }, app) => {
  add({
    method: 'GET',
    url: '/v1/models',
    operationId: 'listModels',
    tag: 'models',
    needs: 'read',
    effect: 'read',
    summary: 'Every model that is configured, with its card',
    answer: z.object({ data: z.array(model) }).meta({ id: 'ModelList' }),
    handler: async ({ scope }) => ({ data: await models.list(scope) }),
  })
  add({
    method: 'GET',
    url: '/v1/models/:provider/:model',
    operationId: 'getModel',
    tag: 'models',
    needs: 'read',
    effect: 'read',
    summary: 'One model card',
    params: modelId,
    answer: model,
    handler: ({ scope, params }) => models.get(scope, `${params.provider}/${params.model}`),
  })
  add({
    method: 'GET',
    url: '/v1/models/:provider/:model/dependents',
    operationId: 'listModelDependents',
    tag: 'models',
    needs: 'read',
    effect: 'read',
    summary: 'Campaigns that would notice if the model went away',
    params: modelId,
    answer: dependents,
    handler: ({ scope, params }) => models.dependents(scope, `${params.provider}/${params.model}`),
  })
  add({
    method: 'GET',
    url: '/v1/formats',
    operationId: 'listFormats',
    tag: 'formats',
    needs: 'read',
    effect: 'read',
    summary: "Built-in formats and the workspace's own",
    answer: z.object({ data: z.array(format) }).meta({ id: 'FormatList' }),
    handler: async ({ scope }) => ({ data: await formats.list(scope) }),
  })
  add({
    method: 'POST',
    url: '/v1/formats',
    operationId: 'createFormat',
    tag: 'formats',
    needs: 'write',
    effect: 'change',
    idempotent: true,
    summary: 'Add a format, or replace a built-in one for this workspace',
    body: formatInput,
    status: 201,
    answer: format,
    handler: ({ scope, body }) => formats.create(scope, body),
  })
  add({
    method: 'GET',
    url: '/v1/formats/:id',
    operationId: 'getFormat',
    tag: 'formats',
    needs: 'read',
    effect: 'read',
    summary: 'One format',
    params: formatId,
    answer: format,
    handler: ({ scope, params }) => formats.get(scope, params.id),
  })
  add({
    method: 'DELETE',
    url: '/v1/formats/:id',
    operationId: 'deleteFormat',
    tag: 'formats',
    needs: 'write',
    effect: 'change',
    summary: "Remove the workspace's own format; campaigns that were planned with it go on",
    params: formatId,
    handler: ({ scope, params }) => formats.delete(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/media',
    operationId: 'listMedia',
    tag: 'media',
    needs: 'read',
    effect: 'read',
    summary: 'List media, newest first',
    query: mediaQuery,
    answer: page(media, 'Media'),
    handler: ({ scope, query }) => library.list(scope, query),
  })
  add({
    method: 'GET',
    url: '/v1/media/:id',
    operationId: 'getMedia',
    tag: 'media',
    needs: 'read',
    effect: 'read',
    summary: 'One medium',
    params: mediaId,
    answer: media,
    handler: ({ scope, params }) => library.get(scope, params.id),
  })
  add({
    method: 'DELETE',
    url: '/v1/media/:id',
    operationId: 'deleteMedia',
    tag: 'media',
    needs: 'write',
    effect: 'change',
    summary: 'Delete a medium; plans that copied it keep it',
    params: mediaId,
    handler: ({ scope, params }) => library.delete(scope, params.id),
  })
  void app.register(async (streaming) => {
    streaming.removeAllContentTypeParsers()
    streaming.addContentTypeParser('multipart/form-data', { bodyLimit: Number.MAX_SAFE_INTEGER }, (_request, payload, done) =>
      done(null, payload),
    )
    add(
      {
        method: 'POST',
        url: '/v1/media',
        operationId: 'createMedia',
        tag: 'media',
        needs: 'write',
        effect: 'own',
        summary: 'Upload an image, a font or music as the one file of a multipart form; its type is sniffed from its bytes',
        status: 201,
        answer: media,
        consumes: ['multipart/form-data'],
        handler: ({ scope, request }) => readUpload(request, (file) => library.create(scope, file)),
      },
      streaming,
    )
  })
}
