/** What the screens read, each under a key that says what it is about, so that a change can name what became old. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call, type Options } from './client.ts'
import type * as t from './types.ts'

/** A list page by page. */
const list = <T>(key: readonly unknown[], path: string, query: Options['query'] = {}, limit = 100) =>
  infiniteQueryOptions({
    queryKey: [...key, query],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => call<t.Page<T>>(path, { query: { limit, ...query, cursor: pageParam }, signal }),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })

const one = <T>(key: readonly unknown[], path: string, query?: Options['query']) =>
  queryOptions({ queryKey: key, queryFn: ({ signal }) => call<T>(path, { signal, ...(query && { query }) }) })

export const queries = {
  session: () => one<t.Session>(['session'], '/v1/session'),
  campaigns: (status?: string) => list<t.Campaign>(['campaigns'], '/v1/campaigns', { status }, 50),
  campaign: (id: string) => one<t.Campaign>(['campaign', id], `/v1/campaigns/${id}`),
  plan: (id: string) => one<t.Plan>(['plan', id], `/v1/campaigns/${id}/plan`),
  invalid: (id: string) => list<t.InvalidSegment>(['invalid', id], `/v1/campaigns/${id}/plan/invalid`),
  clips: (id: string) => list<t.CampaignClip>(['clips', id], `/v1/campaigns/${id}/clips`),
  variants: (filter: Readonly<Record<string, string | undefined>>) =>
    list<t.Variant>(['variants', filter['campaign_id']], '/v1/variants', filter),
  variant: (id: string) => one<t.Variant>(['variant', id], `/v1/variants/${id}`),
  decisions: (id: string) => one<{ data: t.Decision[] }>(['decisions', id], `/v1/variants/${id}/decisions`),
  quote: (id: string) => one<t.Quote>(['quote', id], `/v1/variants/${id}/regeneration`),
  generation: (id: string) => one<t.Generation>(['generation', id], `/v1/generations/${id}`),
  generations: (filter: Readonly<Record<string, string | undefined>>) =>
    list<t.Generation>(['generations'], '/v1/generations', filter, 50),
  templates: () => list<t.Template>(['templates'], '/v1/templates'),
  audiences: () => list<t.Audience>(['audiences'], '/v1/audiences'),
  formats: () => list<t.Format>(['formats'], '/v1/formats'),
  models: () => list<t.Model>(['models'], '/v1/models'),
  dependents: (id: string) => one<t.Dependents>(['dependents', id], `/v1/models/${id}/dependents`),
  endpoints: () => list<t.Endpoint>(['endpoints'], '/v1/webhook-endpoints'),
  deliveries: (filter: Readonly<Record<string, string | undefined>>) =>
    list<t.Delivery>(['deliveries'], '/v1/deliveries', filter, 50),
  event: (id: string) => one<t.WebhookEvent>(['event', id], `/v1/events/${id}`),
  keys: () => list<t.ApiKey>(['keys'], '/v1/api-keys'),
  audit: () => list<t.AuditEntry>(['audit'], '/v1/audit-log', {}, 50),
  usage: (from: string, to: string) => one<t.Usage>(['usage', from, to], '/v1/usage', { from, to }),
}

/** All pages that were read so far, in one list. */
export const rows = <T>(data: { readonly pages: readonly t.Page<T>[] } | undefined): readonly T[] =>
  data?.pages.flatMap((page) => page.data) ?? []
