import { z } from 'zod'
import { createStreams } from '../sse-streams.ts'
import { feedFormats, pipeFeed } from '../feed.ts'
import { feed, id, page, pageQuery } from '../schemas/common.ts'
import { campaign, campaignInput, campaignPatch, campaignQuery, invalidSegment, launchInput, plan } from '../schemas/campaign.ts'
import { manifestRow } from '../schemas/results.ts'
import type { AddRoutes } from './index.ts'

const one = z.object({ id: id('campaign') })
const tag = 'campaigns'
const noBody = z.strictObject({}).nullish()

export const addCampaigns: AddRoutes = (add, { campaigns, events }, app, context) => {
  const openStreams = createStreams(app, context)
  add({
    method: 'POST',
    url: '/v1/campaigns',
    operationId: 'createCampaign',
    tag,
    needs: 'write',
    effect: 'change',
    idempotent: true,
    summary: 'Create a campaign; with inline template and segments and "launch": true, all in one call',
    body: campaignInput,
    status: 201,
    answer: campaign,
    tagged: true,
    handler: ({ scope, body, caller }) => campaigns.create(scope, body, { mayRender: caller.scopes.includes('render') }),
  })
  add({
    method: 'GET',
    url: '/v1/campaigns',
    operationId: 'listCampaigns',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'List campaigns, newest first',
    query: campaignQuery,
    answer: page(campaign, 'Campaign'),
    handler: ({ scope, query }) => campaigns.list(scope, query),
  })
  add({
    method: 'GET',
    url: '/v1/campaigns/:id',
    operationId: 'getCampaign',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'One campaign, with its counts and spend',
    params: one,
    answer: campaign,
    tagged: true,
    handler: ({ scope, params }) => campaigns.get(scope, params.id),
  })
  add({
    method: 'PATCH',
    url: '/v1/campaigns/:id',
    operationId: 'updateCampaign',
    tag,
    needs: 'write',
    effect: 'change',
    summary: 'Change a campaign; a planned one becomes a draft again',
    description: 'While it renders, only budget_micro_usd, priority, not_before, on_uncertain and metadata may change.',
    params: one,
    body: campaignPatch,
    answer: campaign,
    tagged: true,
    current: ({ scope, params }) => campaigns.get(scope, params.id),
    handler: ({ scope, params, body }) => campaigns.patch(scope, params.id, body),
  })
  add({
    method: 'DELETE',
    url: '/v1/campaigns/:id',
    operationId: 'deleteCampaign',
    tag,
    needs: 'write',
    effect: 'change',
    summary: 'Delete a campaign that was never launched',
    params: one,
    handler: ({ scope, params }) => campaigns.delete(scope, params.id),
  })
  add({
    method: 'POST',
    url: '/v1/campaigns/:id/plan',
    operationId: 'planCampaign',
    tag,
    needs: 'write',
    effect: 'change',
    idempotent: true,
    summary: 'Start planning: price and faults before money moves',
    params: one,
    body: noBody,
    status: 202,
    answer: campaign,
    handler: ({ scope, params }) => campaigns.plan(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/campaigns/:id/plan',
    operationId: 'getPlan',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'The newest plan of a campaign',
    params: one,
    answer: plan,
    handler: ({ scope, params }) => campaigns.getPlan(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/campaigns/:id/plan/invalid',
    operationId: 'listInvalidSegments',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'Segments that the plan left out, and why',
    params: one,
    query: pageQuery,
    answer: page(invalidSegment, 'InvalidSegment'),
    handler: ({ scope, params, query }) => campaigns.invalidSegments(scope, params.id, query),
  })
  add({
    method: 'POST',
    url: '/v1/campaigns/:id/launch',
    operationId: 'launchCampaign',
    tag,
    needs: 'render',
    effect: 'change',
    idempotent: true,
    summary: 'Launch exactly the plan that was read, or nothing',
    params: one,
    body: launchInput,
    status: 202,
    answer: campaign,
    handler: ({ scope, params, body }) => campaigns.launch(scope, params.id, body),
  })
  for (const action of ['pause', 'resume', 'cancel'] as const) {
    add({
      method: 'POST',
      url: `/v1/campaigns/:id/${action}`,
      operationId: `${action}Campaign`,
      tag,
      needs: 'render',
      effect: 'change',
      idempotent: true,
      summary: `${action[0]!.toUpperCase()}${action.slice(1)} a rendering campaign`,
      params: one,
      body: noBody,
      answer: campaign,
      handler: ({ scope, params }) => campaigns[action](scope, params.id),
    })
  }
  add({
    method: 'GET',
    url: '/v1/campaigns/:id/stream',
    operationId: 'streamCampaign',
    tag,
    needs: 'read',
    effect: 'own',
    summary: "A campaign's events as server-sent events, in commit order",
    description:
      'Read it with fetch. Every event has an id; `Last-Event-ID` goes on after it, without a gap and without a repeat. Without it the stream begins with the first event, or, with `from=now`, with the next. A comment comes every 15 s.',
    params: one,
    query: z.object({ from: z.enum(['start', 'now']).default('start') }),
    streams: { 'text/event-stream': z.string() },
    handler: async ({ scope, params, query, request, reply }) => {
      const { id: campaignId } = await campaigns.get(scope, params.id)
      const last = request.headers['last-event-id']?.toString()
      const after = last ?? (query.from === 'now' ? await events.end(scope) : undefined)
      const first = await events.after(scope, campaignId, after)
      await openStreams.send(request, reply, { after, first, read: (cursor) => events.after(scope, campaignId, cursor) })
    },
  })
  add({
    method: 'GET',
    url: '/v1/campaigns/:id/manifest',
    operationId: 'getManifest',
    tag,
    needs: 'read',
    effect: 'own',
    summary: 'The feed of finished files',
    description: 'Streams every ready rendition as JSON, NDJSON or CSV.',
    params: one,
    query: z.object({ format: z.enum(feedFormats).default('json') }),
    streams: feed('manifest', manifestRow, 'Manifest'),
    handler: async ({ scope, params, query, reply }) => {
      const { id: campaignId } = await campaigns.get(scope, params.id)
      const columns = Object.keys(manifestRow.shape)
      const rows = campaigns.manifest(scope, campaignId)
      await pipeFeed(reply, { object: 'manifest', campaignId, columns, rows }, query.format)
    },
  })
}
