/** Brand kits of a workspace. */
import { type BrandRow, deleteBrand, findBrand, insertBrand, listBrands, updateBrand } from '#src/database/brands.ts'
import { findMediaByIds } from '#src/database/media.ts'
import { invalid, notFound, type Fault } from '#src/errors.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.ts'
import type { Scope } from '../scope.ts'
import { fontFaults, isMediaId } from '../template/rules.ts'
import { brandKitSchema, type BrandKit } from './rules.ts'

const present = ({ id, spec, created_at, updated_at }: BrandRow) => ({
  id,
  object: 'brand' as const,
  ...brandKitSchema.parse(spec),
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
})
export type BrandResource = ReturnType<typeof present>

/** Uploaded fonts and the logo must be there, and be what they are used as. */
async function kitFaults({ db, workspaceId }: Scope, { fonts, logo_media_id: logo }: BrandKit): Promise<Fault[]> {
  const uploaded = Object.entries(fonts).filter(([, font]) => isMediaId(font))
  const wanted = [
    ...uploaded.map(([part, id]) => ({ id, pointer: `/fonts/${part}`, kind: 'font' })),
    ...(logo === null ? [] : [{ id: logo, pointer: '/logo_media_id', kind: 'image' }]),
  ]
  const found = await findMediaByIds(db, workspaceId, [...new Set(wanted.map(({ id }) => id))])
  const missing = wanted.filter(({ id, kind }) => !found.some((media) => media.id === id && media.kind === kind))
  const faults = missing.map(({ id, pointer, kind }) => ({
    pointer,
    code: 'unknown_media',
    message: `There is no ${kind} "${id}" in this workspace; upload it with POST /v1/media.`,
  }))
  return [...fontFaults(fonts, '/fonts'), ...faults]
}

export function createBrands({ ids }: { readonly ids: NewId }) {
  async function check(scope: Scope, kit: BrandKit): Promise<void> {
    const faults = await kitFaults(scope, kit)
    if (faults.length > 0) throw invalid(faults)
  }

  return {
    /** @throws invalid */
    async create(scope: Scope, kit: BrandKit): Promise<BrandResource> {
      await check(scope, kit)
      const row = { id: ids('brand'), workspace_id: scope.workspaceId, name: kit.name, spec: kit }
      return present(await insertBrand(scope.db, row))
    },

    async list(scope: Scope, page: PageRequest): Promise<Page<BrandResource>> {
      const rows = await listBrands(scope.db, scope.workspaceId, { before: decodeCursor(page.cursor), limit: page.limit + 1 })
      return pageOf(rows, page, (row) => row.id, present)
    },

    /** @throws not_found */
    async get(scope: Scope, id: string): Promise<BrandResource> {
      const row = await findBrand(scope.db, scope.workspaceId, id)
      if (!row) throw notFound('brand', id)
      return present(row)
    },

    /** Plans that were made keep what they copied. @throws not_found, invalid */
    async replace(scope: Scope, id: string, kit: BrandKit): Promise<BrandResource> {
      await check(scope, kit)
      const row = await updateBrand(scope.db, { id, workspace_id: scope.workspaceId, name: kit.name, spec: kit })
      if (!row) throw notFound('brand', id)
      return present(row)
    },

    /** Templates that name it can no longer be planned; plans that were made go on. @throws not_found */
    async delete(scope: Scope, id: string): Promise<void> {
      if (!(await deleteBrand(scope.db, scope.workspaceId, id))) throw notFound('brand', id)
    },
  }
}

export type Brands = ReturnType<typeof createBrands>
