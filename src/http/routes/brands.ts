import { z } from 'zod'
import { brand, brandInput } from '../schemas/brands.ts'
import { id, page, pageQuery } from '../schemas/common.ts'
import type { AddRoutes } from './index.ts'

const brandId = z.object({ id: id('brand') })

export const addBrands: AddRoutes = (add, { brands }) => {
  add({
    method: 'GET',
    url: '/v1/brands',
    operationId: 'listBrands',
    tag: 'brands',
    needs: 'read',
    effect: 'read',
    summary: 'List brand kits, newest first',
    query: pageQuery,
    answer: page(brand, 'Brand'),
    handler: ({ scope, query }) => brands.list(scope, query),
  })
  add({
    method: 'POST',
    url: '/v1/brands',
    operationId: 'createBrand',
    tag: 'brands',
    needs: 'write',
    effect: 'change',
    idempotent: true,
    summary: 'Add a brand kit; templates name it as "brand_id"',
    body: brandInput,
    status: 201,
    answer: brand,
    handler: ({ scope, body }) => brands.create(scope, body),
  })
  add({
    method: 'GET',
    url: '/v1/brands/:id',
    operationId: 'getBrand',
    tag: 'brands',
    needs: 'read',
    effect: 'read',
    summary: 'One brand kit',
    params: brandId,
    answer: brand,
    handler: ({ scope, params }) => brands.get(scope, params.id),
  })
  add({
    method: 'PUT',
    url: '/v1/brands/:id',
    operationId: 'replaceBrand',
    tag: 'brands',
    needs: 'write',
    effect: 'change',
    summary: 'Replace a brand kit; it shows in the next plan',
    params: brandId,
    body: brandInput,
    answer: brand,
    handler: ({ scope, params, body }) => brands.replace(scope, params.id, body),
  })
  add({
    method: 'DELETE',
    url: '/v1/brands/:id',
    operationId: 'deleteBrand',
    tag: 'brands',
    needs: 'write',
    effect: 'change',
    summary: 'Delete a brand kit; plans that copied it go on',
    params: brandId,
    handler: ({ scope, params }) => brands.delete(scope, params.id),
  })
}
