/** Puts a template's brand kit into it, at the moment it is planned or previewed; a plan keeps the result. */
import { findBrand } from '#src/database/brands.ts'
import type { Db } from '#src/database/client.ts'
import type { Template } from '../template/rules.ts'
import { brandKitSchema, withBrand } from './rules.ts'

/** @returns undefined when the kit is gone */
export async function branded(db: Db, workspaceId: string, template: Template): Promise<Template | undefined> {
  // Templates that were stored before kits could be named have no such key.
  if (!template.brand_id) return template
  const row = await findBrand(db, workspaceId, template.brand_id)
  return row && withBrand(template, brandKitSchema.parse(row.spec))
}
