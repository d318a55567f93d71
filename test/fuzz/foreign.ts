/** For every operation, each place where an id may stand, filled with one of another workspace. */
import type { Description, Operation, Schema } from './description.ts'
import type { Case } from './requests.ts'
import { seeds } from './seeds.ts'
import type { Ids } from './world.ts'

type Foreign = Omit<Case, 'identity' | 'headers'> & { readonly named: 'path' | 'query' | 'body' }

const prefixOf = (schema: Schema, name: string): string | undefined => {
  const [example] = (schema['examples'] ?? []) as readonly string[]
  return (
    /^([a-z]+)_0/.exec(example ?? '')?.[1] ??
    { campaign_id: 'cmp', endpoint_id: 'whe', event_id: 'evt', template_id: 'tmpl' }[name]
  )
}

/** Body fields that name something of the workspace. */
const references: Readonly<Record<string, readonly string[]>> = {
  createCampaign: ['template_id', 'audience_id'],
  updateCampaign: ['template_id', 'audience_id'],
  createWebhookEndpoint: ['campaign_id'],
}

export function foreignCases({ operations }: Description, other: Ids): Foreign[] {
  const idOf = (prefix: string | undefined) => (prefix === undefined ? undefined : other[prefix]?.[0])
  const idsOf = (operation: Operation, place: 'path' | 'query') =>
    operation.parameters
      .filter((parameter) => parameter.in === place)
      .flatMap(({ name, schema }) => {
        const id = idOf(prefixOf(schema, name))
        return id === undefined ? [] : [[name, id] as const]
      })
  const bodyOf = ({ bodies, id }: Operation) => {
    const [contentType] = Object.keys(bodies)
    if (contentType === undefined) return {}
    if (!contentType.endsWith('json')) return { contentType, body: { text: 'key\na\n' } }
    return { contentType, body: { json: seeds[id]?.[0] ?? fixed[id] ?? {} } }
  }
  return operations
    .filter(({ scope }) => scope !== undefined && scope !== 'operator')
    .flatMap((operation): Foreign[] => {
      const rest = { operation, ...bodyOf(operation) }
      const path = idsOf(operation, 'path')
      const own = Object.fromEntries(path.map(([name, id]) => [name, `$${id.split('_')[0]}:0`]))
      return [
        ...(path.length > 0
          ? [{ ...rest, named: 'path' as const, path: { key: 's0', ...Object.fromEntries(path) }, query: {} }]
          : []),
        ...idsOf(operation, 'query').map(([name, id]) => ({
          ...rest,
          named: 'query' as const,
          path: own,
          query: { [name]: id },
        })),
        ...(references[operation.id] ?? []).map((field) => ({
          ...rest,
          named: 'body' as const,
          path: own,
          query: {},
          body: { json: { ...(seeds[operation.id]![0] as object), [field]: idOf(prefixOf({}, field) ?? 'aud') } },
        })),
      ]
    })
}

/** Whole bodies of operations that no seed is kept for. */
const fixed: Readonly<Record<string, unknown>> = {
  launchCampaign: { plan_digest: 'sha256:x' },
  recoverWebhookEndpoint: { since: '2026-01-01T00:00:00Z' },
  resolveGeneration: { action: 'abandon' },
  recomposeVariant: { overlays: [] },
  approveVariant: { revision: 1, files_sha256: ['0'.repeat(64)] },
  rejectVariant: { revision: 1, reason: 'text' },
  approveClip: { sha256: '0'.repeat(64) },
  rejectClip: { sha256: '0'.repeat(64), reason: 'visual' },
}
