/** PROVIDERS_FILE: a JSON file → the settings of every provider. Every fault at once, each with its place in the file. */
import { z } from 'zod'
import { type CallbackKey, signatureScheme } from './callback-signature.ts'
import { dialectSetting } from './dialects.ts'
import { cardOf, modelSetting } from './model-setting.ts'
import type { OpenaiCompatibleSettings } from './openai-compatible.ts'

const baseUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol) && new URL(text).username === '',
    'Expected an address that begins with http:// or https://, without user or password',
  )
  .refine(
    (text) => !URL.canParse(text) || !/\/videos\/?$/.test(new URL(text).pathname),
    'Ends where "/videos" begins; leave it out',
  )
  .transform((text) => text.replace(/\/+$/, ''))

const providerSetting = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'Lower-case letters, digits and hyphens only')
      .refine((id) => id !== 'storyboard', '"storyboard" is the built-in provider'),
    adapter: z.literal('openai-compatible'),
    base_url: baseUrl,
    /** Name of the environment variable that holds the key; none for servers without keys. */
    api_key_env: z.string().min(1).optional(),
    headers: z.record(z.string().regex(/^[\w-]+$/), z.string()).default({}),
    /** Name of the environment variable with the secret that the vendor signs its callbacks with, and how it signs. */
    callback_secret_env: z.string().min(1).optional(),
    callback_signature: signatureScheme.default('standard-webhooks'),
    dialect: dialectSetting,
    poll_seconds: z.number().min(0.05).max(3600).default(10),
    max_result_megabytes: z.number().positive().max(10_000).default(1000),
    models: z.array(modelSetting).min(1),
  })
  .superRefine(({ dialect, models }, context) => {
    models.forEach(({ recovery }, i) => {
      if (recovery.kind !== 'list' || dialect.list) return
      const message = 'The dialect has no list of jobs; choose another recovery or a dialect with one'
      context.addIssue({ code: 'custom', path: ['models', i, 'recovery'], message })
    })
  })

/** Reports every later thing that has the id of an earlier one. */
function reportTwins(ids: readonly unknown[], path: (i: number) => (string | number)[], context: z.RefinementCtx): void {
  ids.forEach((id, i) => {
    if (ids.indexOf(id) < i) context.addIssue({ code: 'custom', path: path(i), message: `"${String(id)}" is there twice` })
  })
}

const fileSchema = z
  .strictObject({ $schema: z.string().optional(), providers: z.array(providerSetting) })
  .superRefine(({ providers }, context) => {
    reportTwins(
      providers.map(({ id }) => id),
      (i) => ['providers', i, 'id'],
      context,
    )
    providers.forEach(({ models }, p) =>
      reportTwins(
        models.map(({ id }) => id),
        (m) => ['providers', p, 'models', m, 'id'],
        context,
      ),
    )
  })

/** Settings that name an environment variable. */
const namedVariables = ['api_key_env', 'callback_secret_env'] as const

/** PROVIDERS_FILE cannot be used. */
export class BadProvidersFile extends Error {
  override readonly name = 'BadProvidersFile'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

const place = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')

/** A union says "Invalid input"; the branch that came closest says what is wrong. */
function issuesOf(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const closest = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0]!
  return closest.flatMap((inner) => issuesOf({ ...inner, path: [...issue.path, ...inner.path] }))
}
const depth = (issues: readonly z.core.$ZodIssue[]): number => Math.max(0, ...issues.map(({ path }) => path.length))

const faultOf = (issue: z.core.$ZodIssue): string[] =>
  issuesOf(issue).map(({ path, message }) => `PROVIDERS_FILE: ${place(path) || 'the file'}: ${message}.`)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadProvidersFile([`PROVIDERS_FILE: not JSON: ${(error as Error).message}`])
  }
}

function callbackKeyOf(
  { callback_secret_env: name, callback_signature: scheme }: z.output<typeof providerSetting>,
  env: (name: string) => string | undefined,
): CallbackKey | undefined {
  const secret = name === undefined ? undefined : env(name)
  return secret === undefined ? undefined : { scheme, secret }
}

/**
 * @param env value of an environment variable that the file names
 * @throws BadProvidersFile
 */
export function readProvidersFile(text: string, env: (name: string) => string | undefined): readonly OpenaiCompatibleSettings[] {
  const parsed = fileSchema.safeParse(parseJson(text))
  const named = z.looseObject({ providers: z.array(z.unknown()) }).safeParse(parseJson(text))
  const missing = (named.data?.providers ?? []).flatMap((provider, i) => {
    return namedVariables.flatMap((setting) => {
      const name = z.record(z.string(), z.unknown()).safeParse(provider).data?.[setting]
      return typeof name !== 'string' || name === '' || env(name)
        ? []
        : [`PROVIDERS_FILE: providers[${i}].${setting}: ${name} is not set in the environment.`]
    })
  })
  const faults = [...(parsed.error?.issues.flatMap(faultOf) ?? []), ...missing]
  if (!parsed.success || faults.length > 0) throw new BadProvidersFile(faults)
  return parsed.data.providers.map((provider) => ({
    id: provider.id,
    baseUrl: provider.base_url,
    apiKey: provider.api_key_env === undefined ? undefined : env(provider.api_key_env),
    callbackKey: callbackKeyOf(provider, env),
    headers: provider.headers,
    dialect: provider.dialect,
    pollSeconds: provider.poll_seconds,
    maxResultBytes: provider.max_result_megabytes * 1024 * 1024,
    models: provider.models.map((model) => cardOf(provider.id, model)),
  }))
}
