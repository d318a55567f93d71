import { z } from 'zod'
import { id, page, pageQuery, version } from '../schemas/common.ts'
import { preview, previewInput, template, templateInput, templateVersion } from '../schemas/library.ts'
import type { AddRoutes } from './index.ts'

const one = z.object({ id: id('template') })
const tag = 'templates'

export const addTemplates: AddRoutes = (add, { templates, previews }) => {
  add({
    method: 'POST',
    url: '/v1/templates',
    operationId: 'createTemplate',
    tag,
    needs: 'write',
    effect: 'change',
    idempotent: true,
    summary: 'Create a template; it is checked whole, every fault at once',
    body: templateInput,
    status: 201,
    answer: template,
    tagged: true,
    handler: ({ scope, body }) => templates.create(scope, body),
  })
  add({
    method: 'GET',
    url: '/v1/templates',
    operationId: 'listTemplates',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'List templates, newest first',
    query: pageQuery,
    answer: page(template, 'Template'),
    handler: ({ scope, query }) => templates.list(scope, query),
  })
  add({
    method: 'GET',
    url: '/v1/templates/:id',
    operationId: 'getTemplate',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'One template, in its newest or a named version',
    params: one,
    query: z.object({ version: z.coerce.number().pipe(version).optional() }),
    answer: template,
    tagged: true,
    handler: ({ scope, params, query }) => templates.get(scope, params.id, query.version),
  })
  add({
    method: 'PUT',
    url: '/v1/templates/:id',
    operationId: 'replaceTemplate',
    tag,
    needs: 'write',
    effect: 'change',
    summary: 'Make the next version; campaigns keep the version they were planned on',
    params: one,
    body: templateInput,
    answer: template,
    tagged: true,
    current: ({ scope, params }) => templates.get(scope, params.id),
    handler: ({ scope, params, body }) => templates.replace(scope, params.id, body),
  })
  add({
    method: 'DELETE',
    url: '/v1/templates/:id',
    operationId: 'archiveTemplate',
    tag,
    needs: 'write',
    effect: 'change',
    summary: 'Archive a template; its campaigns go on',
    params: one,
    handler: ({ scope, params }) => templates.archive(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/templates/:id/versions',
    operationId: 'listTemplateVersions',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'Every version of a template, newest first',
    params: one,
    query: pageQuery,
    answer: page(templateVersion, 'TemplateVersion'),
    handler: ({ scope, params, query }) => templates.versions(scope, params.id, query),
  })
  add({
    method: 'POST',
    url: '/v1/previews',
    operationId: 'createPreview',
    tag,
    needs: 'read',
    effect: 'own',
    summary: 'Prompt, fitted text and a still per format, for a template that is saved or not',
    body: previewInput,
    answer: preview,
    handler: ({ scope, body }) => previews.create(scope, body),
  })
}
