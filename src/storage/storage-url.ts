/** `STORAGE_URL` → where the bucket or the folder is. Every fault at once; a parameter that is not known is one. */
import { fileURLToPath } from 'node:url'

export interface BucketLocation {
  readonly bucket: string
  /** Empty, or ends with "/". */
  readonly prefix: string
  /** undefined: AWS itself */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly pathStyle: boolean
  /** The address that links are signed for; undefined: the API streams, since browsers may not reach the bucket. */
  readonly linkEndpoint: string | undefined
  /** Whether links lead to the bucket at all. */
  readonly presigns: boolean
}

/** The settings of the object store cannot be used. */
export class BadStorageUrl extends Error {
  override readonly name = 'BadStorageUrl'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

const parameters = ['endpoint', 'region', 'path_style', 'public_endpoint'] as const
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const origin = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, username, search, pathname } = new URL(text)
  return ['http:', 'https:'].includes(protocol) && username === '' && search === '' && pathname === '/'
}

const addressFault = (name: string, value: string | null): string[] =>
  value === null || origin(value)
    ? []
    : [`STORAGE_URL: ${name} must be an address such as https://s3.example:9000, without user, path or query.`]

function faultsOf(url: URL): string[] {
  const get = (name: string) => url.searchParams.get(name)
  const unknown = [...new Set(url.searchParams.keys())].filter((name) => !parameters.some((known) => known === name))
  return [
    ...unknown.map((name) => `STORAGE_URL: "${name}" is no parameter; there are ${parameters.join(', ')}.`),
    ...(url.username || url.password ? ['STORAGE_URL: keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'] : []),
    ...(url.port ? ['STORAGE_URL: the host is the bucket’s name; the server’s address goes into ?endpoint=…'] : []),
    ...(bucketName.test(url.hostname)
      ? []
      : [`STORAGE_URL: "${url.hostname}" is no bucket name: 3 to 63 lower-case letters, digits, dots and hyphens.`]),
    ...addressFault('endpoint', get('endpoint')),
    ...addressFault('public_endpoint', get('public_endpoint')),
    ...([null, 'true', 'false'].includes(get('path_style')) ? [] : ['STORAGE_URL: path_style is true or false.']),
  ]
}

/** The folder of `file:///absolute/path`; undefined for another kind of address. @throws BadStorageUrl */
export function folderOfUrl(text: string): string | undefined {
  if (!URL.canParse(text) || new URL(text).protocol !== 'file:') return undefined
  const url = new URL(text)
  if (url.host === '' && url.search === '' && url.hash === '' && url.pathname.length > 1) return fileURLToPath(url)
  throw new BadStorageUrl(['STORAGE_URL: a folder is named by its absolute path and nothing else: file:///srv/spotsmith.'])
}

/** @param text `s3://bucket/prefix?endpoint=…&region=…&path_style=…&public_endpoint=…`. @throws BadStorageUrl */
export function readStorageUrl(text: string): BucketLocation {
  if (!URL.canParse(text) || new URL(text).protocol !== 's3:') {
    throw new BadStorageUrl(['STORAGE_URL: Expected s3://bucket/prefix?endpoint=…&region=… or file:///folder.'])
  }
  const url = new URL(text)
  const faults = faultsOf(url)
  if (faults.length > 0) throw new BadStorageUrl(faults)
  const get = (name: (typeof parameters)[number]) => url.searchParams.get(name) ?? undefined
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '')
  const endpoint = get('endpoint')
  return {
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    region: get('region') ?? (endpoint ? 'us-east-1' : undefined),
    pathStyle: (get('path_style') ?? String(endpoint !== undefined)) === 'true',
    linkEndpoint: get('public_endpoint') ?? endpoint,
    presigns: endpoint === undefined || get('public_endpoint') !== undefined,
  }
}
