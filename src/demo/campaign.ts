/** One campaign from its files to its manifest, through the public API only. */
import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Api } from './api.ts'
import type { Progress } from './progress.ts'

export interface Campaign {
  readonly id: string
  readonly status: string
  readonly counts: {
    readonly variants: Readonly<Record<string, number>>
    readonly renditions: Readonly<Record<string, number>>
    readonly generations: Readonly<Record<string, number>>
  }
  readonly spend: { readonly spent_micro_usd: number; readonly saved_micro_usd: number }
}

export interface Plan {
  readonly status: string
  readonly digest: string
  readonly error: { readonly message: string } | null
  readonly segments: { readonly total: number; readonly valid: number; readonly invalid: number }
  readonly renditions: number
  readonly generations: { readonly distinct: number; readonly new: number; readonly owned: number }
  readonly cost: { readonly max_micro_usd: number; readonly naive_micro_usd: number }
  readonly findings: readonly { readonly severity: string; readonly code: string; readonly message: string }[]
}

export interface ManifestRow {
  readonly variant_id: string
  readonly segment_key: string
  readonly locale: string
  readonly format: string
  readonly url: string
  readonly poster_url: string
  readonly sha256: string
  readonly bytes: number
  readonly seconds: number
  readonly width: number
  readonly height: number
}

interface Created {
  readonly id: string
}

export interface TemplateFile {
  readonly clip: { readonly seconds: number; readonly audio?: unknown }
  readonly end_card?: { readonly seconds: number } | null
  readonly name: string
}

/** A template file may name pictures beside it as "file:logo.png"; they are uploaded and their ids put in. */
async function readTemplate(api: Api, path: string): Promise<TemplateFile> {
  let text = await readFile(path, 'utf8')
  const names = new Set([...text.matchAll(/"file:([^"]+)"/g)].map((match) => match[1]!))
  for (const name of names) {
    const bytes = await readFile(resolve(dirname(path), name))
    const media = await api.upload<Created>('/v1/media', basename(name), new Uint8Array(bytes))
    text = text.replaceAll(`"file:${name}"`, JSON.stringify(media.id))
  }
  return JSON.parse(text) as TemplateFile
}

interface Import {
  readonly accepted: number
  readonly refused: number
  readonly errors: readonly { readonly row: number; readonly column: string | null; readonly message: string }[]
}

export interface Prepared {
  readonly campaignId: string
  readonly template: TemplateFile
  readonly imported: Import
}

export async function prepare(api: Api, files: { template: string; segments: string }): Promise<Prepared> {
  const template = await readTemplate(api, files.template)
  const { id: templateId } = await api.post<Created>('/v1/templates', { template })
  const { id: audienceId } = await api.post<Created>('/v1/audiences', { name: basename(files.segments) })
  const imported = await api.put<Import>(
    `/v1/audiences/${audienceId}/segments?template_id=${templateId}`,
    await readFile(files.segments, 'utf8'),
    'text/csv',
  )
  const campaign = await api.post<Created>('/v1/campaigns', {
    name: template.name,
    template_id: templateId,
    audience_id: audienceId,
  })
  return { campaignId: campaign.id, template, imported }
}

async function until<T extends { readonly status: string }>(
  read: () => Promise<T>,
  done: (state: T) => boolean,
  seen: (state: T) => void,
): Promise<T> {
  for (;;) {
    const state = await read()
    seen(state)
    if (done(state)) return state
    await delay(400)
  }
}

/** @throws when the plan fails, with its reason */
export async function plan(api: Api, campaignId: string): Promise<Plan> {
  await api.post(`/v1/campaigns/${campaignId}/plan`, {})
  const ready = await until(
    () => api.get<Plan>(`/v1/campaigns/${campaignId}/plan`),
    ({ status }) => status === 'ready' || status === 'failed',
    () => undefined,
  )
  if (ready.status === 'failed') throw new Error(`The plan failed: ${ready.error?.message}`)
  return ready
}

const terminal = new Set(['completed', 'cancelled'])

export async function render(api: Api, campaignId: string, digest: string, progress: Progress): Promise<Campaign> {
  await api.post(`/v1/campaigns/${campaignId}/launch`, { plan_digest: digest })
  return await until(
    () => api.get<Campaign>(`/v1/campaigns/${campaignId}`),
    ({ status }) => terminal.has(status),
    ({ counts }) => {
      const sum = (of: Readonly<Record<string, number>>) => Object.values(of).reduce((a, b) => a + b, 0)
      progress.update(
        counts.renditions['ready'] ?? 0,
        sum(counts.renditions),
        `renditions, ${counts.generations['ready'] ?? 0}/${sum(counts.generations)} clips`,
      )
    },
  )
}

export const manifest = async (api: Api, campaignId: string): Promise<readonly ManifestRow[]> =>
  (await api.get<{ data: readonly ManifestRow[] }>(`/v1/campaigns/${campaignId}/manifest`)).data
