/** A vendor's description of a job, read through the dialect's paths and checked. */
import { z } from 'zod'
import type { Dialect } from './dialects.ts'

const text = z.union([z.string().min(1), z.number().transform(String)])

const jobSchema = z.object({
  id: text.pipe(z.string().max(1000)),
  status: z.string().optional().catch(undefined),
  progress: z.number().min(0).max(100).optional().catch(undefined),
  error: z.unknown(),
  costMicroUsd: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d+(\.\d+)?$/)
        .transform(Number),
    ])
    .refine((dollars) => dollars >= 0 && dollars < 1e6)
    .transform((dollars) => Math.round(dollars * 1e6))
    .optional()
    .catch(undefined),
  createdAtMs: z.number().positive().transform(milliseconds).optional().catch(undefined),
  expiresAtMs: z.number().positive().transform(milliseconds).optional().catch(undefined),
})

export type Job = z.output<typeof jobSchema>

/** Some gateways count milliseconds where the API says seconds; 10^11 seconds are the year 5138. */
function milliseconds(time: number): number {
  return time < 1e11 ? time * 1000 : time
}

/** The value at a dotted path, or undefined. */
export function at(value: unknown, path: string | null): unknown {
  if (path === null) return undefined
  return path
    .split('.')
    .reduce<unknown>((inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), value)
}

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** undefined when the answer describes no job: there is no id in it. */
export function readJob(json: unknown, { answer }: Pick<Dialect, 'answer'>): Job | undefined {
  const job = jobSchema.safeParse({
    id: at(json, answer.id),
    status: at(json, answer.status),
    progress: at(json, answer.progress),
    error: at(json, answer.error),
    costMicroUsd: at(json, answer.cost_usd),
    createdAtMs: at(json, answer.created_at),
    expiresAtMs: at(json, answer.expires_at),
  })
  return job.success ? job.data : undefined
}

/** What the answer says it cost, whether it describes a job or a refusal. */
export const costOf = (json: unknown, { answer }: Pick<Dialect, 'answer'>): number | undefined =>
  jobSchema.shape.costMicroUsd.parse(at(json, answer.cost_usd))
