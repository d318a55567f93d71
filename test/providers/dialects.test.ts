/** What goes over the wire, dialect by dialect, as the vendors' pages describe it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dialect, type DialectName, dialectNames, dialects, dialectSchema, dialectSetting } from '#src/providers/dialects.ts'
import { createOpenaiCompatibleProvider } from '#src/providers/openai-compatible.ts'
import { cardOf } from '#src/providers/model-setting.ts'
import type { Attempt } from '#src/providers/provider.ts'
import { testModel } from '#test/support/simulator.ts'

interface Sent {
  readonly url: string
  readonly headers: Headers
  readonly body: unknown
}

let sent: Sent[] = []
const answer = () => new Response('{"id":"v1","status":"queued"}', { headers: { 'content-type': 'application/json' } })
const recording = ((url: unknown, init?: RequestInit) => {
  sent.push({ url: String(url), headers: new Headers(init?.headers), body: init?.body })
  return Promise.resolve(answer())
}) as typeof fetch

const attempt: Attempt = {
  id: 'att_1',
  model: 'any/wan-3.0',
  clip: { prompt: 'a fox', seconds: 6, aspectRatio: '9:16', resolution: '1080p', audio: true, seed: 7, negativePrompt: 'text' },
  submittedAt: new Date(0),
  callbackUrl: 'https://ads.example/v1/callbacks/any/token',
}

async function submit(dialect: Dialect, { apiKey }: { apiKey: string | undefined } = { apiKey: 'the-key' }) {
  sent = []
  const settings = {
    id: 'any',
    baseUrl: 'https://vendor.example/api/v1',
    headers: { 'x-title': 'Spotsmith' },
    pollSeconds: 1,
    maxResultBytes: 1,
  }
  const ports = { submitFetch: recording, fetch: recording, guardedFetch: recording, now: Date.now }
  const provider = createOpenaiCompatibleProvider({ ...settings, dialect, apiKey, models: [cardOf('any', testModel)] }, ports)
  await provider.submit(attempt, new AbortController())
  const { url, headers, body } = sent[0]!
  const type = headers.get('content-type') ?? ''
  const bytes = new Uint8Array(body as Uint8Array<ArrayBuffer>)
  const form = type.startsWith('multipart/')
    ? Object.fromEntries(await new Response(bytes, { headers: { 'content-type': type } }).formData())
    : undefined
  return {
    url,
    headers,
    type: type.split(';')[0],
    fields: form ?? (JSON.parse(Buffer.from(bytes).toString()) as unknown),
    count: sent.length,
  }
}

const openai = { model: 'wan-3.0', prompt: 'a fox', seconds: '6', size: '1080x1920' }
const documented: Record<DialectName, { type: string; fields: Record<string, unknown> }> = {
  openai: { type: 'multipart/form-data', fields: openai },
  json: {
    type: 'application/json',
    fields: { ...openai, seconds: 6, audio: true, seed: 7, negative_prompt: 'text', callback_url: attempt.callbackUrl },
  },
  sglang: { type: 'application/json', fields: { ...openai, seconds: 6, seed: 7, negative_prompt: 'text' } },
  'vllm-omni': {
    type: 'multipart/form-data',
    fields: {
      model: 'wan-3.0',
      prompt: 'a fox',
      seconds: '6',
      width: '1080',
      height: '1920',
      seed: '7',
      negative_prompt: 'text',
      user: 'att_1',
    },
  },
  openrouter: {
    type: 'application/json',
    fields: {
      model: 'wan-3.0',
      prompt: 'a fox',
      duration: 6,
      aspect_ratio: '9:16',
      resolution: '1080p',
      generate_audio: true,
      seed: 7,
      callback_url: attempt.callbackUrl,
    },
  },
  litellm: { type: 'multipart/form-data', fields: openai },
  azure: { type: 'multipart/form-data', fields: openai },
}

// The SDK reads these when nobody gives it other values; nothing of them may reach a vendor.
const planted = {
  OPENAI_API_KEY: 'sk-planted',
  OPENAI_ORG_ID: 'org-planted',
  OPENAI_PROJECT_ID: 'proj-planted',
  OPENAI_BASE_URL: 'https://planted.example',
}
beforeAll(() => void Object.assign(process.env, planted))
afterAll(() => Object.keys(planted).forEach((name) => delete process.env[name]))

test.each(dialectNames)('%s sends what its servers document, once', async (name) => {
  const { url, headers, type, fields, count } = await submit(dialects[name])
  expect({ type, fields }).toEqual(documented[name])
  expect(url).toBe(`https://vendor.example/api/v1/videos${name === 'azure' ? '?api-version=preview' : ''}`)
  expect(headers.get(name === 'azure' ? 'api-key' : 'authorization')).toBe(name === 'azure' ? 'the-key' : 'Bearer the-key')
  expect(headers.has('authorization')).toBe(name !== 'azure')
  expect(headers.get('idempotency-key')).toBe('att_1')
  expect(headers.get('x-title')).toBe('Spotsmith')
  expect(count).toBe(1)
  expect(JSON.stringify([...headers])).not.toContain('planted')
})

test('a server without keys gets none', async () => {
  const { headers } = await submit(dialects.json, { apiKey: undefined })
  expect([headers.has('authorization'), headers.has('api-key')]).toEqual([false, false])
})

test('every dialect is complete', () => {
  for (const name of dialectNames) expect(dialectSchema.parse(dialects[name])).toEqual(dialects[name])
})

test('a dialect of the settings extends a named one', () => {
  const dialect = dialectSetting.parse({
    extends: 'json',
    fields: { audio: 'with_sound', seed: null },
    statuses: { baking: 'running' },
    constants: { fps: 24 },
  })
  expect(dialect).toMatchObject({
    encoding: 'json',
    constants: { fps: 24 },
    fields: { prompt: 'prompt', audio: 'with_sound', seed: null },
  })
  expect(dialect.statuses).toMatchObject({ baking: 'running', completed: 'succeeded' })
})

test.each([[{ extends: 'nothing' }], [{ extends: 'json', fields: { promt: 'x' } }], ['sora'], [{ encoding: 'json' }]])(
  '%j is no dialect',
  (setting) => {
    expect(dialectSetting.safeParse(setting).success).toBe(false)
  },
)
