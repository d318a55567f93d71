/** The shape of a template, with every default. What the parts mean to each other is checked in rules.ts. */
import { anchors, motions, textStyles } from '#src/contracts/composition.ts'
import { disclosureKinds } from '#src/contracts/provenance.ts'
import { z } from 'zod'

export const variableName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'A variable name begins with a lower-case letter and has letters, digits and underscores.')
const mediaId = z
  .string()
  .regex(
    /^med_[a-z0-9_]{1,60}$/,
    'Expected the id of an uploaded file ("med_…"); upload it to /v1/media first. Links are not fetched.',
  )
export const colour = z.string().regex(/^#[0-9a-fA-F]{6}$/, 'Expected a colour like "#ff6a3d".')
const uses = z
  .array(z.enum(['prompt', 'overlay']))
  .min(1)
  .max(2)

/** One text for all, or one per locale with `default` for the rest. */
export const localeText = z.union([z.string().max(2000), z.record(z.string().max(35), z.string().max(2000))], {
  error: 'Expected a text, or an object of texts by locale with one for "default".',
})
export type LocaleText = z.infer<typeof localeText>

const common = { name: variableName, personal: z.boolean().default(false), use: uses.default(['overlay']) }

export const variableSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...common,
    type: z.literal('string'),
    max_length: z.number().int().min(1).max(1000).default(100),
    /** Lets a free text into a prompt. Never a personal one. */
    allow_free_text: z.boolean().default(false),
    default: z.string().max(1000).optional(),
  }),
  z.strictObject({
    ...common,
    type: z.literal('enum'),
    values: z.array(z.string().min(1).max(200)).min(1).max(500),
    default: z.string().optional(),
  }),
  z.strictObject({
    ...common,
    type: z.literal('number'),
    min: z.number().optional(),
    max: z.number().optional(),
    default: z.number().optional(),
  }),
  z.strictObject({ ...common, type: z.literal('boolean'), default: z.boolean().optional() }),
  z.strictObject({ ...common, type: z.literal('image'), default: mediaId.optional() }),
])
export type Variable = z.infer<typeof variableSchema>

const time = z.number().min(0).max(30)
const fraction = z.number().min(-1).max(1)
const placed = {
  offset: z.strictObject({ x: fraction.default(0), y: fraction.default(0) }).default({ x: 0, y: 0 }),
  from: time.default(0),
  /** null: to the end of the clip */
  to: time.nullable().default(null),
  enter: z.enum(motions).default('none'),
  exit: z.enum(motions).default('none'),
}

export const overlaySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('text'),
    text: localeText,
    style: z.enum(textStyles).default('headline'),
    anchor: z.enum(anchors).default('top'),
    ...placed,
  }),
  z.strictObject({ kind: z.literal('button'), text: localeText, anchor: z.enum(anchors).default('bottom'), ...placed }),
  z.strictObject({
    kind: z.literal('image'),
    /** Either the same file for all, or the name of an image variable. */
    media_id: mediaId.optional(),
    variable: variableName.optional(),
    anchor: z.enum(anchors).default('top_left'),
    /** Fraction of the frame's width. */
    width: z.number().min(0.02).max(1).default(0.18),
    ...placed,
  }),
])
export type TemplateOverlay = z.infer<typeof overlaySchema>

export const brandSchema = z
  .strictObject({
    fonts: z
      .strictObject({
        headline: z.string().min(1).max(100).default('Inter'),
        body: z.string().min(1).max(100).default('Inter'),
      })
      .default({ headline: 'Inter', body: 'Inter' }),
    colors: z
      .strictObject({ text: colour.default('#ffffff'), accent: colour.default('#ff6a3d') })
      .default({ text: '#ffffff', accent: '#ff6a3d' }),
  })
  .default({ fonts: { headline: 'Inter', body: 'Inter' }, colors: { text: '#ffffff', accent: '#ff6a3d' } })

export const templateSchema = z.strictObject({
  name: z.string().min(1).max(200),
  variables: z.array(variableSchema).max(100).default([]),
  clip: z.strictObject({
    prompt: z.string().min(1).max(8000),
    seconds: z.number().min(1).max(30),
    resolution: z.enum(['180p', '480p', '720p', '1080p']).default('1080p'),
    audio: z
      .union([z.enum(['none', 'model']), z.strictObject({ media_id: mediaId })], {
        error: 'Expected "none", "model" or {"media_id": "med_…"}.',
      })
      .default('none'),
    reference_media_id: mediaId.nullable().default(null),
    framing: z.enum(['per_ratio', 'shared']).default('per_ratio'),
    seed: z.number().int().min(0).max(4_294_967_295).nullable().default(null),
    /** Another number asks for another clip of an equal prompt. */
    take: z.number().int().min(1).max(1000).default(1),
  }),
  overlays: z.array(overlaySchema).max(20).default([]),
  end_card: z
    .strictObject({
      seconds: z.number().min(0.5).max(10),
      background: colour.default('#000000'),
      text: localeText.default(''),
      logo_media_id: mediaId.nullable().default(null),
    })
    .nullable()
    .default(null),
  /** A kit of the workspace, which then goes before "brand". */
  brand_id: z.string().max(80).nullable().default(null),
  brand: brandSchema,
  disclosure: z
    .strictObject({
      /** true: "ai_generated"; false: "none" */
      label: z
        .union([z.boolean(), z.enum(disclosureKinds)], { error: `Expected true, false or one of ${disclosureKinds.join(', ')}.` })
        .default(true),
      /** A text in the viewer's language, or the words of the EU's common icon in a shape of its own. */
      style: z.enum(['text', 'icon']).default('text'),
      /** Own words instead of ours; each must keep a capital "AI". */
      text: localeText.optional(),
      /** Needed when the label is off; goes to the audit log. */
      reason: z.string().min(1).max(500).optional(),
    })
    .default({ label: true, style: 'text' }),
  formats: z.array(z.string().max(64)).min(1).max(32),
})

/** A checked template with its defaults filled in. */
export type Template = z.infer<typeof templateSchema>
/** A template as a caller writes it. */
export type TemplateInput = z.input<typeof templateSchema>
