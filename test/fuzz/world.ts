/** A running service with two workspaces: the one that is attacked with, and one that must never be seen from it. */
import { createCanvas } from '@napi-rs/canvas'
import type { Program } from '#test/support/program.ts'
import { until } from '#test/support/program.ts'
import { addSmallFormat, smallSegments, smallTemplate } from '#test/support/small-campaign.ts'
import { placeholderShape } from './values.ts'

/** Prefix of an id → ids with it. */
export type Ids = Readonly<Record<string, string[]>>

const everyScope = ['read', 'write', 'render', 'review', 'admin']

export interface Tenant {
  readonly workspaceId: string
  readonly key: string
  /** Keys that lack just this scope. */
  readonly without: Readonly<Record<string, string>>
  readonly ids: Record<string, string[]>
}

export interface World {
  readonly mine: Tenant
  readonly other: Tenant
  readonly operator: string
  /** In every text of the other workspace. */
  readonly canary: string
  /** Puts existing ids where placeholders stand. */
  resolve<T>(value: T): T
  /** Remembers cursors, and the ids of what was created. */
  learn(text: string, answer: { readonly created: boolean }): void
}

const idsIn = (text: string): Record<string, string[]> => {
  const found: Record<string, string[]> = {}
  for (const [id, prefix] of text.matchAll(/\b([a-z]+)_[0-9a-hjkmnp-tv-z]{26}\b/g)) (found[prefix!] ??= []).push(id)
  return found
}

export async function createWorld(program: Program, operator: string): Promise<World> {
  const canary = 'canary7351'
  const mine = await createTenant(program, operator, 'mine')
  const other = await createTenant(program, operator, canary)
  // A workspace and a key that may be changed; never the ones that the cases are sent with.
  const spare = await program.call<{ id: string }>('POST', '/v1/workspaces', { name: 'spare' })
  mine.ids['ws'] = [spare.body.id]
  const learnable = new Set(['cmp', 'tmpl', 'aud', 'imp', 'whe', 'med', 'evt', 'dlv', 'ws', 'key'])
  // Deleting one's own workspace would end the run.
  const protectedIds = new Set([...Object.values(other.ids).flat(), mine.workspaceId])

  const resolveText = (text: string): string => {
    const [, prefix, index] = placeholderShape.exec(text) ?? []
    const pool = prefix ? mine.ids[prefix] : undefined
    return pool && pool.length > 0 ? pool[Number(index) % pool.length]! : text
  }
  const resolve = (value: unknown): unknown => {
    if (typeof value === 'string') return resolveText(value)
    if (Array.isArray(value)) return Array.from<unknown, unknown>(value, (part) => resolve(part))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolve(part)]))
  }
  return {
    mine,
    other,
    operator,
    canary,
    resolve: (value) => resolve(value) as typeof value,
    learn(text, { created }) {
      const [, cursor] = /"next_cursor":"([^"]+)"/.exec(text) ?? []
      const cursors = (mine.ids['cursor'] ??= [])
      if (cursor && cursors.length < 20) cursors.push(cursor)
      if (!created) return
      for (const [prefix, ids] of Object.entries(idsIn(text)))
        if (learnable.has(prefix)) {
          const pool = (mine.ids[prefix] ??= [])
          for (const id of ids) if (pool.length < 60 && !pool.includes(id) && !protectedIds.has(id)) pool.push(id)
        }
    },
  }
}

/** One of everything: rendered, planned and drafted campaigns, with all that comes with them. */
async function createTenant(program: Program, operator: string, name: string): Promise<Tenant> {
  const call = async (bearer: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await program.call<Record<string, string>>(method, path, body, {
      authorization: `Bearer ${bearer}`,
      ...headers,
    })
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`)
    return answer
  }
  const workspace = await call(operator, 'POST', '/v1/workspaces', { name })
  const newKey = async (scopes: readonly string[]) =>
    (await call(operator, 'POST', '/v1/api-keys', { name, scopes, workspace_id: workspace.body['id'] })).body['key']!
  const key = await newKey(everyScope)
  const without = Object.fromEntries(
    await Promise.all(everyScope.map(async (scope) => [scope, await newKey(everyScope.filter((one) => one !== scope))] as const)),
  )
  const seen: string[] = []
  const api = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
    const answer = await call(key, method, path, body, headers)
    seen.push(answer.text)
    return answer
  }
  const asOf = { ...program, call: (m: string, p: string, b?: unknown, h?: Record<string, string>) => api(m, p, b, h) } as Program
  await addSmallFormat(asOf)
  await api('POST', '/v1/webhook-endpoints', { url: `http://127.0.0.1:18999/${name}`, description: name })
  const template = await api('POST', '/v1/templates', { template: { ...smallTemplate, name } })
  const audience = await api('POST', '/v1/audiences', { name })
  const rows = smallSegments(3).map(({ key: k, attributes: a }) => `${name}-${k},en,${a.first_name},${a.scene}`)
  const csv = ['key,locale,first_name,scene', ...rows, `${name}-bad,en,x,nowhere`].join('\n')
  await api('PUT', `/v1/audiences/${audience.body['id']}/segments`, csv, { 'content-type': 'text/csv' })
  const campaign = { name, template_id: template.body['id'], audience_id: audience.body['id'], metadata: { name } }
  const launched = await api('POST', '/v1/campaigns', { ...campaign, launch: true })
  const planned = await api('POST', '/v1/campaigns', campaign)
  await api('POST', `/v1/campaigns/${planned.body['id']}/plan`, {})
  await api('POST', '/v1/campaigns', campaign)
  const picture = new FormData()
  picture.set('file', new Blob([await createCanvas(8, 8).encode('png')]), `${name}.png`)
  const headers = { authorization: `Bearer ${key}` }
  const uploaded = await fetch(`${program.url}/v1/media`, { method: 'POST', headers, body: picture })
  if (uploaded.status !== 201) throw new Error(await uploaded.text())
  const status = async () => (await api('GET', `/v1/campaigns/${launched.body['id']}`)).body['status']!
  await until(status, (is) => is === 'completed')
  for (const list of ['variants', 'generations', 'events', 'deliveries', 'media', 'templates'])
    await api('GET', `/v1/${list}?limit=100`)
  const ids = idsIn(seen.join('\n'))
  for (const [prefix, list] of Object.entries(ids)) ids[prefix] = [...new Set(list)]
  ids['ws'] = [workspace.body['id']!]
  delete ids['key']
  return { workspaceId: workspace.body['id']!, key, without, ids }
}
