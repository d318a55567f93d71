/**
 * Environment → one frozen Config. Every setting is declared once: type, default, bounds, meaning. `.env.example` and
 * the README's table are made from it (`npm run generate`). Nobody else reads process.env.
 */
import ipaddr from 'ipaddr.js'
import { z } from 'zod'

const boolean = z.enum(['true', 'false'], { error: 'Expected true or false' }).transform((value) => value === 'true')

/** Digits only: Number() would also take "0x10", "1e3" and blanks. */
function whole(min: number, max: number) {
  const error = `Expected a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .refine((value) => value >= min && value <= max, error)
}

const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values, { error: `Expected one of ${values.join(', ')}` })

const networks = z
  .string()
  .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
  .refine(
    (parts) => parts.every((part) => ipaddr.isValidCIDR(part)),
    'Expected networks such as 10.0.0.0/8 or fd00::/8, separated by commas',
  )

const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `Expected an address that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    )

interface Setting<T extends z.ZodType = z.ZodType> {
  readonly schema: T
  readonly meaning: string
  readonly example?: string
  /** Never logged. */
  readonly secret?: true
}
const setting = <T extends z.ZodType>(
  schema: T,
  meaning: string,
  more: { example?: string; secret?: true } = {},
): Setting<T> => ({ schema, meaning, ...more })

export const settings = {
  ROLE: setting(
    oneOf(['all', 'api', 'workers']).default('all'),
    'What this process does: everything, the HTTP API, or the workers',
  ),
  PORT: setting(whole(0, 65_535).default(8080), 'Port of the HTTP API; 0 takes a free one'),
  HOST: setting(z.string().default('127.0.0.1'), 'Address the HTTP API listens on; `0.0.0.0` for every interface'),
  PUBLIC_URL: setting(
    url('http:', 'https:').optional(),
    'Public address of the API, used in links; default `http://localhost:PORT`',
    { example: 'https://spotsmith.example' },
  ),
  DATA_DIR: setting(z.string().min(1).default('./data'), 'Folder for whatever runs embedded: database, objects, keys'),
  DATABASE_URL: setting(
    url('postgres:', 'postgresql:').optional(),
    'Postgres 15 or newer; default: an embedded one in DATA_DIR',
    { example: 'postgres://spotsmith:secret@db/spotsmith', secret: true },
  ),
  DATABASE_POOL: setting(whole(2, 200).default(16), 'Most connections to the database of one process'),
  QUEUE_URL: setting(
    url('redis:', 'rediss:').optional(),
    'Redis 6.2 or newer with `maxmemory-policy noeviction`; needed unless ROLE=all; default: the run-queue lives in Postgres',
    { example: 'redis://redis:6379', secret: true },
  ),
  STORAGE_URL: setting(
    url('s3:', 'file:').optional(),
    'Object store: `s3://bucket/prefix?endpoint=…&region=…`, or `file:///folder` that every process sees; default: a folder in DATA_DIR',
    { example: 's3://spotsmith/files?endpoint=http://s3:8333&region=us-east-1' },
  ),
  AWS_ACCESS_KEY_ID: setting(z.string().optional(), 'Access key of the object store; default: the chain of the AWS SDK', {
    secret: true,
  }),
  AWS_SECRET_ACCESS_KEY: setting(z.string().optional(), 'Secret key of the object store', { secret: true }),
  PROVIDERS_FILE: setting(
    z.string().optional(),
    'JSON file with the video providers and their models; the built-in `storyboard` is always there',
    { example: './providers.json' },
  ),
  BOOTSTRAP_API_KEY: setting(
    z.string().min(32, 'At least 32 characters').optional(),
    'First API key (operator, workspace `default`); default: generated, printed once and kept in DATA_DIR',
    { secret: true },
  ),
  SECRET_KEY: setting(
    z.string().min(32, 'At least 32 characters').optional(),
    'Encrypts webhook secrets and signs links; default: generated into DATA_DIR. Needed, and equal on every process, unless ROLE=all',
    { secret: true },
  ),
  LINK_DAYS: setting(
    whole(4, 365).default(30),
    'How long a link to a file works; longer than the 75 hours of the webhook schedule',
  ),
  COMPOSITOR_PROCESSES: setting(whole(1, 256).optional(), 'Compositor child processes; default: one per core'),
  C2PA_CERTIFICATE_FILE: setting(
    z.string().optional(),
    'PEM file with the certificate chain that signs finished files, the signing certificate first; default: a development certificate, made once and kept in DATA_DIR',
    { example: './c2pa-chain.pem' },
  ),
  C2PA_KEY_FILE: setting(z.string().optional(), 'PEM file with the private key of C2PA_CERTIFICATE_FILE', {
    example: './c2pa-key.pem',
  }),
  C2PA_TIMESTAMP_URL: setting(
    url('http:', 'https:').optional(),
    'Time-stamp server (RFC 3161) for signatures; default: signatures carry no trusted time',
    { example: 'https://timestamp.example' },
  ),
  C2PA_TRUST_FILE: setting(
    z.string().optional(),
    'PEM file with the root certificates whose signatures count as trusted when a file is verified',
    { example: './c2pa-trust-list.pem' },
  ),
  ALLOWED_PRIVATE_TARGETS: setting(
    networks.default([]),
    'Networks (CIDR, comma-separated) that outgoing requests may reach although they are private',
    { example: '10.0.0.0/8' },
  ),
  REQUESTS_PER_MINUTE: setting(whole(1, 1_000_000).default(1_200), 'Most requests of one API key in a minute'),
  ALLOW_INSECURE_WEBHOOKS: setting(boolean.default(false), 'Allow `http:` webhook endpoints'),
  LOG_LEVEL: setting(
    oneOf(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    'Least severity that is logged',
  ),
} as const satisfies Record<string, Setting>

type Raw = { [K in keyof typeof settings]: z.output<(typeof settings)[K]['schema']> }
export type Config = Readonly<Raw>

export class BadSettings extends Error {
  override readonly name = 'BadSettings'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(
      `The settings have ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    )
    this.faults = faults
  }
}

/** Rules between settings; each is a fault when its test holds. */
const contradictions: readonly [(c: Raw) => boolean, string][] = [
  [
    (c) => c.ROLE !== 'all' && !c.DATABASE_URL,
    'DATABASE_URL: needed with ROLE=api or ROLE=workers, whose processes share one database.',
  ],
  [
    (c) => c.ROLE !== 'all' && !c.QUEUE_URL,
    'QUEUE_URL: needed with ROLE=api or ROLE=workers; the run-queue in Postgres serves one process.',
  ],
  [
    (c) => c.ROLE !== 'all' && !c.STORAGE_URL,
    'STORAGE_URL: needed with ROLE=api or ROLE=workers, whose processes share one object store.',
  ],
  [
    (c) => c.ROLE !== 'all' && !c.SECRET_KEY,
    'SECRET_KEY: needed with ROLE=api or ROLE=workers; every process must have the same one.',
  ],
  [
    (c) => Boolean(c.AWS_ACCESS_KEY_ID) !== Boolean(c.AWS_SECRET_ACCESS_KEY),
    'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set both or neither.',
  ],
  [
    (c) => Boolean(c.C2PA_CERTIFICATE_FILE) !== Boolean(c.C2PA_KEY_FILE),
    'C2PA_CERTIFICATE_FILE and C2PA_KEY_FILE: set both or neither.',
  ],
]

/** @throws BadSettings with every fault at once; an empty value counts as not set */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = []
  const config: Record<string, unknown> = {}
  for (const [name, { schema }] of Object.entries(settings)) {
    const result = schema.safeParse(env[name] === '' ? undefined : env[name])
    if (result.success) config[name] = result.data
    else faults.push(...result.error.issues.map((issue) => `${name}: ${issue.message}.`))
  }
  if (faults.length === 0) faults.push(...contradictions.filter(([holds]) => holds(config as Raw)).map(([, fault]) => fault))
  if (faults.length > 0) throw new BadSettings(faults)
  return Object.freeze(config as Raw)
}
