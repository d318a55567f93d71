/**
 * The generated description, tidied: a request's schema keeps its own name, schemas that nothing refers to go, and the
 * one problem document stands once under components instead of with every status of every call.
 */
import { STATUS_CODES } from 'node:http'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Document = { [key: string]: Json }

const prefix = '#/components/schemas/'

/** Every string that is a `$ref`, through `rename`. */
function mapRefs(node: Json, rename: (name: string) => string): Json {
  if (Array.isArray(node)) return node.map((item) => mapRefs(item, rename))
  if (node === null || typeof node !== 'object') return node
  const entries = Object.entries(node).map(([key, value]): [string, Json] => {
    const isRef = key === '$ref' && typeof value === 'string' && value.startsWith(prefix)
    return [key, isRef ? prefix + rename(value.slice(prefix.length)) : mapRefs(value, rename)]
  })
  return Object.fromEntries(entries)
}

function refsIn(node: Json, found = new Set<string>()): Set<string> {
  mapRefs(node, (name) => {
    found.add(name)
    return name
  })
  return found
}

/** Names that `roots` lead to, through any number of schemas. */
function reachable(roots: Json, schemas: Document): Set<string> {
  const seen = new Set<string>()
  const queue = [...refsIn(roots)]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    queue.push(...refsIn(schemas[name] ?? null))
  }
  return seen
}

const isProblem = (response: Json): boolean =>
  JSON.stringify(response).includes('application/problem+json') && JSON.stringify(response).includes(`${prefix}Problem"`)

/** The problem responses of every operation, as references to components/responses. */
function shareProblems(paths: Document): { paths: Document; responses: Document } {
  const responses: Document = {}
  const share = (status: string, response: Json): Json => {
    if (!isProblem(response)) return response
    responses[`Problem${status}`] = {
      ...(response as Document),
      description: STATUS_CODES[Number(status)] ?? 'A problem document',
    }
    return { $ref: `#/components/responses/Problem${status}` }
  }
  const ofOperation = (operation: Document): Document => ({
    ...operation,
    responses: Object.fromEntries(
      Object.entries((operation['responses'] ?? {}) as Document).map(([status, response]) => [status, share(status, response)]),
    ),
  })
  const shared = Object.entries(paths).map(([path, operations]): [string, Json] => [
    path,
    Object.fromEntries(
      Object.entries(operations as Document).map(([method, operation]) => [method, ofOperation(operation as Document)]),
    ),
  ])
  return { paths: Object.fromEntries(shared), responses }
}

/** "CampaignRequestInput" → "CampaignRequest": the generator adds "Input" to whatever may be sent. */
const ownName = (name: string) => name.replace(/(Request|Patch)Input$/, '$1')

export function tidy(document: Document): Document {
  const { schemas, ...components } = document['components'] as { schemas: Document; [key: string]: Json }
  const named = Object.fromEntries(
    Object.entries(schemas)
      .filter(([name]) => schemas[`${name}Input`] === undefined || !/(Request|Patch)$/.test(name))
      .map(([name, schema]) => [ownName(name), mapRefs(schema, ownName)]),
  )
  const { paths, responses } = shareProblems(mapRefs(document['paths'] ?? {}, ownName) as Document)
  const webhooks = mapRefs(document['webhooks'] ?? {}, ownName) as Document
  const wanted = reachable({ paths, webhooks, responses }, named)
  const kept = Object.fromEntries(
    Object.entries(named)
      .filter(([name]) => wanted.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  return {
    ...document,
    paths,
    ...(Object.keys(webhooks).length > 0 ? { webhooks } : {}),
    components: { ...components, responses, schemas: kept },
  }
}
