/** Bodies that do succeed, so that the fuzzer also gets past the door; ids are placeholders (values.ts). */
import { smallFormat, smallSegments, smallTemplate } from '#test/support/small-campaign.ts'

const campaign = { name: 'Seed', template_id: '$tmpl:0', audience_id: '$aud:0' }

export const seeds: Readonly<Record<string, readonly unknown[]>> = {
  createCampaign: [
    campaign,
    { ...campaign, launch: true },
    { name: 'Inline', template: smallTemplate, segments: smallSegments(2), metadata: { flight: 'A' } },
  ],
  updateCampaign: [{ name: 'Renamed' }, { priority: 1 }, { budget_micro_usd: 5_000_000 }, { metadata: { a: 'b' } }],
  planCampaign: [{}],
  pauseCampaign: [{}],
  resumeCampaign: [{}],
  createTemplate: [{ template: smallTemplate }],
  replaceTemplate: [{ template: { ...smallTemplate, name: 'Next' } }],
  createPreview: [{ template: smallTemplate, attributes: { first_name: 'Ana', scene: 'train' } }],
  createAudience: [{ name: 'Seed' }],
  createFormat: [{ ...smallFormat, id: 'seed_9x16' }],
  createWebhookEndpoint: [{ url: 'http://127.0.0.1:18999/hook', event_types: ['endpoint.test'] }],
  updateWebhookEndpoint: [{ status: 'disabled' }, { status: 'enabled' }, { event_types: ['variant.ready'] }],
  rotateWebhookSecret: [{}, { overlap_hours: 0 }],
  createWorkspace: [{ name: 'Seed' }],
  updateWorkspace: [{ name: 'Renamed' }],
  createApiKey: [{ name: 'Seed', scopes: ['read'] }],
}
