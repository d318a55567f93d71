import { z } from 'zod'
import { id, page } from '../schemas/common.ts'
import { generation, generationQuery, recomposeInput, resolveInput, variant, variantQuery } from '../schemas/results.ts'
import type { AddRoutes } from './index.ts'

const noBody = z.strictObject({}).nullish()

export const addResults: AddRoutes = (add, { variants, generations }) => {
  add({
    method: 'GET',
    url: '/v1/variants',
    operationId: 'listVariants',
    tag: 'variants',
    needs: 'read',
    effect: 'read',
    summary: 'List variants with their renditions, in the order of the audience',
    query: variantQuery,
    answer: page(variant, 'Variant'),
    handler: ({ scope, query, caller }) => variants.list(scope, query, { mayReview: caller.scopes.includes('review') }),
  })
  add({
    method: 'GET',
    url: '/v1/variants/:id',
    operationId: 'getVariant',
    tag: 'variants',
    needs: 'read',
    effect: 'read',
    summary: 'One variant with its renditions',
    params: z.object({ id: id('variant') }),
    answer: variant,
    handler: ({ scope, params, caller }) => variants.get(scope, params.id, { mayReview: caller.scopes.includes('review') }),
  })
  add({
    method: 'POST',
    url: '/v1/variants/:id/retry',
    operationId: 'retryVariant',
    tag: 'variants',
    needs: 'render',
    effect: 'change',
    idempotent: true,
    summary: 'Repeat what failed of a variant, and only that',
    params: z.object({ id: id('variant') }),
    body: noBody,
    status: 202,
    answer: variant,
    handler: ({ scope, params }) => variants.retry(scope, params.id),
  })
  add({
    method: 'POST',
    url: '/v1/variants/:id/recompose',
    operationId: 'recomposeVariant',
    tag: 'variants',
    needs: 'render',
    effect: 'change',
    idempotent: true,
    summary: 'Make a variant again with other copy, from the clips it has: at no cost',
    params: z.object({ id: id('variant') }),
    body: recomposeInput,
    status: 202,
    answer: variant,
    handler: ({ scope, params, body }) => variants.recompose(scope, params.id, body),
  })
  add({
    method: 'GET',
    url: '/v1/generations',
    operationId: 'listGenerations',
    tag: 'generations',
    needs: 'read',
    effect: 'read',
    summary: 'List generations, newest first',
    query: generationQuery,
    answer: page(generation, 'Generation'),
    handler: ({ scope, query }) => generations.list(scope, query),
  })
  add({
    method: 'GET',
    url: '/v1/generations/:id',
    operationId: 'getGeneration',
    tag: 'generations',
    needs: 'read',
    effect: 'read',
    summary: 'One generation: clip, attempts, cost, wire evidence',
    params: z.object({ id: id('generation') }),
    answer: generation,
    handler: ({ scope, params }) => generations.get(scope, params.id),
  })
  add({
    method: 'POST',
    url: '/v1/generations/:id/resolve',
    operationId: 'resolveGeneration',
    tag: 'generations',
    needs: 'render',
    effect: 'change',
    idempotent: true,
    summary: 'Decide about an uncertain generation',
    params: z.object({ id: id('generation') }),
    body: resolveInput,
    answer: generation,
    handler: ({ scope, params, body }) => generations.resolve(scope, params.id, body),
  })
}
