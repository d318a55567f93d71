/** Shapes that every route uses. */
import { z } from 'zod'
import { idPrefixes, type IdKind } from '#src/domain/ids.ts'

/** An id as a path or body field; anything that is not one is simply not found. */
export const id = (kind: IdKind) =>
  z
    .string()
    .min(1)
    .max(80)
    .meta({ examples: [`${idPrefixes[kind]}_01jz8k3v9q0c5xw7m2n4p6r8t0`] })

export const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' })
export const microUsd = z.number().int().meta({ description: 'Integer micro-USD: 1,000,000 is one US dollar' })
export const metadata = z
  .record(z.string().min(1).max(64), z.string().max(1024))
  .refine((m) => Object.keys(m).length <= 50, 'At most 50 entries')
  .meta({ description: "The caller's own key–value pairs, given back as they are" })

/** Of templates, audiences, plans: a Postgres integer. */
export const version = z.number().int().min(1).max(2_147_483_647)

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(400).optional(),
})

export const page = <T extends z.ZodType>(item: T, name: string) =>
  z.object({ data: z.array(item), has_more: z.boolean(), next_cursor: z.string().nullable() }).meta({ id: `${name}Page` })

const fault = z.object({ pointer: z.string(), code: z.string(), message: z.string() }).meta({ id: 'Fault' })

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    instance: z.string(),
    errors: z.array(fault).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' })

/** Content types of a feed (feed.ts) → what they carry. */
export const feed = <T extends z.ZodType>(object: string, row: T, name: string) => ({
  'application/json': z.object({ object: z.literal(object), campaign_id: id('campaign'), data: z.array(row) }).meta({ id: name }),
  'application/x-ndjson': z.string(),
  'text/csv': z.string(),
})
