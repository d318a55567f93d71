/** The layer table of the architecture as data, and the check of a file's imports against it. */
import { dirname, posix } from 'node:path'

export type Layer =
  | 'contracts'
  | 'base'
  | 'rules'
  | 'database'
  | 'network'
  | 'queue'
  | 'storage'
  | 'media'
  | 'providers'
  | 'webhooks'
  | 'services'
  | 'http'
  | 'workers'
  | 'client'
  | 'console'
  | 'top'

/** Folders whose name is their layer. */
const folders = /^src\/(database|network|queue|storage|media|providers|webhooks|http|client|console)\//

/** For all else the first pattern that matches the path says its layer. */
const places: readonly [RegExp, Layer][] = [
  [/^src\/contracts\//, 'contracts'],
  [/^src\/(errors|config)\.ts$/, 'base'],
  [/^src\/domain\/(scope|.+\/(service[\w-]*|ports))\.ts$/, 'services'],
  [/^src\/domain\//, 'rules'],
  [/^workers\//, 'workers'],
  [/^src\/demo\//, 'top'],
  [/^src\/[\w-]+\.ts$/, 'top'],
]

const outer = ['base', 'contracts'] as const

/** Layer → the layers that it may import, besides itself. */
export const allowed: Readonly<Record<Layer, readonly Layer[]>> = {
  contracts: [],
  base: [],
  rules: outer,
  database: [...outer, 'rules'],
  network: [...outer, 'rules'],
  queue: [...outer, 'database'],
  storage: [...outer, 'network'],
  media: [...outer, 'network'],
  providers: [...outer, 'network'],
  webhooks: [...outer, 'network'],
  services: [...outer, 'rules', 'database', 'queue'],
  http: [...outer, 'rules', 'services'],
  workers: [...outer, 'rules', 'database', 'network', 'queue', 'storage', 'media', 'providers', 'webhooks', 'services'],
  client: [],
  console: ['client'],
  top: [
    ...outer,
    'rules',
    'database',
    'network',
    'queue',
    'storage',
    'media',
    'providers',
    'webhooks',
    'services',
    'http',
    'workers',
  ],
}

/** What else one file, or one group of files, may import; each with its reason. */
const exceptions: readonly { readonly file: RegExp; readonly target: RegExp; readonly reason: string }[] = [
  {
    file: /^src\/http\/(idempotency|sse)[\w-]*\.ts$/,
    target: /^src\/database\//,
    reason: 'a stored answer belongs into the transaction of its effect; a feed reads in commit order',
  },
  {
    file: /^src\/console\/api\/types\.ts$/,
    target: /^src\/http\/schemas\//,
    reason: 'types only: the shapes of the answers, of which nothing is bundled',
  },
  { file: /^src\/http\/.+\.ts$/, target: /^src\/database\/client\.ts$/, reason: 'the type Db, which a Scope carries' },
]

/** undefined: the file has no place in the table, which is a fault of its own. */
export function layerOf(path: string): Layer | undefined {
  const folder = folders.exec(path)?.[1]
  return (folder as Layer | undefined) ?? places.find(([pattern]) => pattern.test(path))?.[1]
}

/** Every module that the text imports or re-exports, types included, as written. */
export function importsOf(text: string): readonly string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
  const statements = code.matchAll(/(?:^|[;\n])\s*(?:import|(?:import|export)\b[^'"`;=()]*?\bfrom)\s*['"]([^'"]+)['"]/g)
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)
  return [...statements, ...calls].map((match) => match[1]!)
}

/** The path of one of our files; undefined for a package. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1)
  return specifier.startsWith('.') ? posix.join(dirname(from), specifier) : undefined
}

function mayImport(from: string, layer: Layer, target: string): boolean {
  const targetLayer = layerOf(target)
  if (targetLayer === undefined) return target.endsWith('.json')
  if (layer === targetLayer) return layer !== 'base' // errors and config import nothing of ours, each other included
  return allowed[layer].includes(targetLayer) || exceptions.some((e) => e.file.test(from) && e.target.test(target))
}

/** One sentence for each import that the table forbids. */
export function violations(path: string, text: string): readonly string[] {
  const layer = layerOf(path)
  if (!layer) return [`${path} has no layer: give it a place in test/support/layers.ts.`]
  return importsOf(text)
    .map((specifier) => resolve(path, specifier))
    .filter((target) => target !== undefined)
    .filter((target) => !mayImport(path, layer, target))
    .map((target) => `${path} (${layer}) may not import ${target} (${layerOf(target) ?? 'not a layer'}).`)
}
