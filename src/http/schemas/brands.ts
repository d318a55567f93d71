/** Brand kits. */
import { z } from 'zod'
import { brandKitSchema } from '#src/domain/brand/rules.ts'
import { id, time } from './common.ts'

export const brandInput = brandKitSchema.meta({ id: 'BrandRequest' })
export const brand = z
  .object({ id: id('brand'), object: z.literal('brand'), ...brandKitSchema.shape, created_at: time, updated_at: time })
  .meta({ id: 'Brand' })
