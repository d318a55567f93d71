/**
 * How the servers that speak `/v1/videos` differ, as data. Sources: the vendors' pages and repositories as of 2026-11-22.
 * A provider of the settings names a dialect, or extends one.
 */
import { z } from 'zod'

const name = z.string().min(1).max(100)
/** A dotted path into an answer, e.g. "usage.cost". */
const path = z.string().regex(/^[\w-]+(\.[\w-]+)*$/, 'Expected a path such as "usage.cost"')

/** What the service may say about a clip; each is sent under the field's name, or not at all without one. */
const fields = z.strictObject({
  model: name,
  prompt: name,
  seconds: name,
  /** "1080x1920" */
  size: name.nullable(),
  width: name.nullable(),
  height: name.nullable(),
  /** "9:16" */
  aspect_ratio: name.nullable(),
  /** "1080p" */
  resolution: name.nullable(),
  /** true or false */
  audio: name.nullable(),
  seed: name.nullable(),
  negative_prompt: name.nullable(),
  callback_url: name.nullable(),
  /** Takes our attempt's id; where the server's list echoes it, a recovery needs no comparing. */
  attempt: name.nullable(),
})

const statusMeaning = z.enum(['running', 'succeeded', 'failed', 'forgotten'])
const echoes = ['model', 'prompt', 'seconds', 'size', 'aspect_ratio', 'resolution'] as const

export const dialectSchema = z.strictObject({
  encoding: z.enum(['json', 'multipart']),
  auth: z.enum(['bearer', 'api-key']),
  /** Added to every address. */
  query: z.record(z.string(), z.string()),
  /** Sent with every submission as it is. */
  constants: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  fields,
  seconds_as: z.enum(['string', 'number']),
  /** Where an answer has what; a missing path is never read. */
  answer: z.strictObject({
    id: path,
    status: path,
    progress: path.nullable(),
    error: path,
    /** What the job cost, in US dollars. */
    cost_usd: path.nullable(),
    created_at: path,
    expires_at: path.nullable(),
  }),
  statuses: z.record(z.string(), statusMeaning),
  /** `content`: GET /videos/{id}/content. Otherwise the path to the address (or the list of them) in the finished job. */
  result: z.union([z.literal('content'), z.strictObject({ url: path })]),
  /** Whether GET /videos lists the jobs, and which fields its items echo as they were sent; null: there is no list. */
  list: z
    .strictObject({
      echoes: z
        .array(z.enum(echoes))
        .refine(
          (fields) => fields.includes('prompt'),
          'A list whose items do not echo the prompt cannot tell jobs apart; use null',
        ),
    })
    .nullable(),
})

export type Dialect = z.output<typeof dialectSchema>
export type EchoedField = (typeof echoes)[number]

const openai: Dialect = {
  encoding: 'multipart',
  auth: 'bearer',
  query: {},
  constants: {},
  fields: {
    model: 'model',
    prompt: 'prompt',
    seconds: 'seconds',
    size: 'size',
    width: null,
    height: null,
    aspect_ratio: null,
    resolution: null,
    audio: null,
    seed: null,
    negative_prompt: null,
    callback_url: null,
    attempt: null,
  },
  seconds_as: 'string',
  answer: {
    id: 'id',
    status: 'status',
    progress: 'progress',
    error: 'error',
    cost_usd: 'usage.cost',
    created_at: 'created_at',
    expires_at: 'expires_at',
  },
  statuses: {
    queued: 'running',
    pending: 'running',
    in_progress: 'running',
    processing: 'running',
    completed: 'succeeded',
    succeeded: 'succeeded',
    failed: 'failed',
    cancelled: 'failed',
    canceled: 'failed',
    expired: 'forgotten',
  },
  result: 'content',
  list: { echoes: ['model', 'prompt', 'seconds', 'size'] },
}

const plain = { ...openai.fields, audio: 'audio', seed: 'seed', negative_prompt: 'negative_prompt', callback_url: 'callback_url' }

export const dialects = {
  /** The API that OpenAI closed on 2026-09-24; gateways keep its shape. */
  openai,
  /** Gateways that take JSON: LLM Gateway, LaoZhang, Merge and others. */
  json: { ...openai, encoding: 'json', seconds_as: 'number', fields: plain },
  /** Echoes every model as "sora-2"; keeps its jobs in memory, so a restart forgets them. Refuses multipart without a reference. */
  sglang: {
    ...openai,
    encoding: 'json',
    seconds_as: 'number',
    fields: { ...openai.fields, seed: 'seed', negative_prompt: 'negative_prompt' },
    list: { echoes: ['prompt', 'seconds', 'size'] },
  },
  'vllm-omni': {
    ...openai,
    fields: {
      ...openai.fields,
      size: null,
      width: 'width',
      height: 'height',
      seed: 'seed',
      negative_prompt: 'negative_prompt',
      attempt: 'user',
    },
    list: { echoes: ['model', 'prompt', 'seconds'] },
  },
  /** Four endpoints and no list. The addresses of the result need the key. */
  openrouter: {
    ...openai,
    encoding: 'json',
    seconds_as: 'number',
    fields: {
      ...openai.fields,
      seconds: 'duration',
      size: null,
      aspect_ratio: 'aspect_ratio',
      resolution: 'resolution',
      audio: 'generate_audio',
      seed: 'seed',
      callback_url: 'callback_url',
    },
    result: { url: 'unsigned_urls' },
    list: null,
  },
  /** Routes and retries by itself, so a list behind it says nothing about one submission. */
  litellm: { ...openai, list: null },
  azure: { ...openai, auth: 'api-key', query: { 'api-version': 'preview' } },
} as const satisfies Record<string, Dialect>

export type DialectName = keyof typeof dialects
export const dialectNames = Object.keys(dialects) as DialectName[]

const named = z.enum(dialectNames as [DialectName, ...DialectName[]])

/** What may stand under `dialect` in the settings: a name, or changes to a named one (objects are merged one level deep). */
export const dialectSetting = z
  .union([
    named,
    z.strictObject({
      extends: named,
      ...dialectSchema.omit({ fields: true, answer: true }).partial().shape,
      fields: fields.partial().optional(),
      answer: dialectSchema.shape.answer.partial().optional(),
    }),
  ])
  .transform((setting): Dialect => {
    if (typeof setting === 'string') return dialects[setting]
    const { extends: base, ...changes } = setting
    const from: Dialect = dialects[base]
    const changed = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
    return dialectSchema.parse({
      ...from,
      ...changed,
      fields: { ...from.fields, ...changes.fields },
      answer: { ...from.answer, ...changes.answer },
      statuses: { ...from.statuses, ...changes.statuses },
    })
  })
