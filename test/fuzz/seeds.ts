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

export const boundary = 'between'
const form = (name: string, bytes: string) =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"; filename="a.png"\r\n\r\n${bytes}\r\n--${boundary}--\r\n`
const svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'

/** Operation and content type → streamed bodies: good ones, and ones that are broken further in. */
export const texts: Readonly<Record<string, readonly string[]>> = {
  'createMedia multipart/form-data': [
    form('file', svg),
    form('file', ''),
    form('file', '\x89PNG\r\n\x1a\n'),
    `--${boundary}\r\n`,
    'x',
  ],
  'importSegments text/csv': [
    'key,locale,first_name,scene\na,en,Ana,train\nb,es,Bob,office\n',
    '\ufeffkey;locale;scene\n"a\n""x""";en;train\n',
    'key,key\na,b\n',
    'key,locale\na,en\na,en\n,en\nb\n',
    'locale\nen\n',
    'key,a\n"x',
    '',
  ],
  'importSegments application/x-ndjson': [
    '{"key":"a","locale":"en","attributes":{"scene":"train"}}\n',
    '{"key":1}\n{}\n[\n',
    '\n\n',
  ],
  'importSegments application/json': [
    '[{"key":"a"},{"key":"b","attributes":{"x":1.5}}]',
    '[{"key":"a"}',
    '{}',
    '[[[[',
    '[{"key":"a","attributes":{"x":{}}}]',
  ],
}
