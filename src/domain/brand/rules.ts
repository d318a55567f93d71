/** Brand kits: what a brand's ads have in common, kept once instead of in every template. */
import { z } from 'zod'
import { brandSchema, colour } from '../template/schema.ts'
import type { Template } from '../template/rules.ts'

export const brandKitSchema = z.strictObject({
  name: z.string().min(1).max(200),
  ...brandSchema.unwrap().shape,
  /** On end cards of templates that name no logo of their own. */
  logo_media_id: z.string().max(80).nullable().default(null),
  /** Behind the end card, where the template leaves it black. */
  background: colour.nullable().default(null),
})
export type BrandKit = z.infer<typeof brandKitSchema>

const plainBackground = '#000000'

/** The template as it is planned and drawn: the kit's fonts and colours, its logo and ground where the end card has none. */
export function withBrand(template: Template, { fonts, colors, logo_media_id, background }: BrandKit): Template {
  const card = template.end_card && {
    ...template.end_card,
    logo_media_id: template.end_card.logo_media_id ?? logo_media_id,
    background: template.end_card.background === plainBackground ? (background ?? plainBackground) : template.end_card.background,
  }
  return { ...template, brand: { fonts, colors }, end_card: card }
}
