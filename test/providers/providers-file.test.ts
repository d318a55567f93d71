import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { BadProvidersFile, openProviders } from '#src/providers/index.ts'
import { readProvidersFile } from '#src/providers/providers-file.ts'
import { simulatorProviders } from '#src/providers/simulator/settings.ts'

const model = {
  id: 'wan-3.0',
  durations: { min: 2, max: 30 },
  aspect_ratios: ['9:16', '1:1', '16:9'],
  resolutions: ['720p', '1080p'],
  audio: 'optional',
  price_micro_usd_per_second: { '720p': 60_000, '1080p': 120_000 },
  price_checked_at: '2026-11-22',
  sunset_at: null,
  max_in_flight: 5,
  submits_per_minute: 60,
  recovery: { kind: 'list', window_seconds: 86_400 },
}
const provider = {
  id: 'sim',
  adapter: 'openai-compatible',
  base_url: 'http://127.0.0.1:9099/v1/',
  api_key_env: 'SIM_API_KEY',
  dialect: 'json',
  poll_seconds: 10,
  models: [model],
}
const env = (name: string) => ({ SIM_API_KEY: 'secret' })[name]
const read = (...providers: unknown[]) => readProvidersFile(JSON.stringify({ providers }), env)
function faultsOf(...providers: unknown[]): readonly string[] {
  try {
    read(...providers)
  } catch (error) {
    if (error instanceof BadProvidersFile) return error.faults
    throw error
  }
  return []
}

describe('PROVIDERS_FILE', () => {
  test('a provider and its model’s card', () => {
    const [settings] = read(provider)
    expect(settings).toMatchObject({ id: 'sim', baseUrl: 'http://127.0.0.1:9099/v1', apiKey: 'secret', pollSeconds: 10 })
    const [card] = settings!.models
    expect(card).toMatchObject({
      id: 'sim/wan-3.0',
      recovery: { kind: 'list', windowSeconds: 86_400 },
      chargedOnRefusal: 'unknown',
    })
    expect(card!.sunsetAt).toBeUndefined()
    const clip = { prompt: '', aspectRatio: '9:16', audio: false }
    expect(card!.maxCostMicroUsd({ ...clip, seconds: 3.2, resolution: '720p' })).toBe(240_000)
    expect(card!.maxCostMicroUsd({ ...clip, seconds: 4, resolution: '4320p' })).toBe(480_000)
  })

  test('every fault at once, each with its place', () => {
    const faults = faultsOf(
      { ...provider, id: 'Storyboard!', base_url: 'ftp://x', dialect: 'sora', unknown: 1, api_key_env: 'MISSING_KEY' },
      {
        ...provider,
        models: [{ ...model, price_micro_usd_per_second: { '720p': -1 }, price_checked_at: 'yesterday', audio: 'loud' }, model],
      },
    )
    for (const place of [
      'providers[0].id:',
      'providers[0].base_url:',
      'providers[0].dialect:',
      'providers[0]: Unrecognized key',
      'providers[0].api_key_env: MISSING_KEY is not set',
      'providers[1].models[0].price_micro_usd_per_second.720p:',
      'providers[1].models[0].price_checked_at:',
      'providers[1].models[0].audio:',
    ]) {
      expect(faults.join('\n')).toContain(place)
    }
  })

  test.each([
    ['a model twice', { models: [model, model] }, 'models[1].id: "wan-3.0" is there twice'],
    ['the built-in name', { id: 'storyboard' }, 'built-in'],
    ['a resolution without a price', { models: [{ ...model, resolutions: ['720p', '480p'] }] }, 'no price for "480p"'],
    ['recovery by a list that is not there', { dialect: 'openrouter' }, 'no list of jobs'],
    ['an address that goes on to /videos', { base_url: 'https://x.example/v1/videos' }, 'Ends where'],
    ['an address with a password', { base_url: 'https://u:p@x.example/v1' }, 'without user'],
    ['a typing error in a dialect', { dialect: { extends: 'json', fields: { promt: 'x' } } }, 'promt'],
    ['lengths the wrong way round', { models: [{ ...model, durations: { min: 9, max: 2 } }] }, 'min is above max'],
  ])('%s', (_, change, message) => {
    expect(faultsOf({ ...provider, ...change }).join('\n')).toContain(message)
  })

  test('a provider twice', () => {
    expect(faultsOf(provider, provider)).toEqual(['PROVIDERS_FILE: providers[1].id: "sim" is there twice.'])
  })

  test('what is no JSON', () => {
    expect(() => readProvidersFile('{"providers": [', env)).toThrow('not JSON')
  })

  test('the example and the simulator’s file can be used', async () => {
    const example = await readFile(new URL('../../src/providers/providers.example.json', import.meta.url), 'utf8')
    expect(readProvidersFile(example, () => 'key').flatMap(({ models }) => models.map(({ id }) => id))).toEqual([
      'openrouter/alibaba/wan-3.0',
      'sglang/wan-2.2',
    ])
    const simulated = readProvidersFile(JSON.stringify(simulatorProviders('http://127.0.0.1:9099')), () => undefined)
    expect(simulated.map(({ id }) => id)).toEqual(expect.arrayContaining(['sim', 'sim-form', 'sim-blind']))
  })

  test('no key of a provider is in a fault', () => {
    expect(faultsOf({ ...provider, api_key: 'sk-typed-into-the-file' }).join()).not.toContain('sk-typed')
  })
})

describe('openProviders', () => {
  const folders: string[] = []
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))
  const open = (providersFile: string | undefined) =>
    openProviders({
      providersFile,
      env,
      guardedFetch: fetch,
      storyboard: { render: () => Promise.resolve(), workDir: '/nowhere' },
    })

  test('without a file there is the storyboard', async () => {
    const { registry, close } = await open(undefined)
    expect(registry.cards().map(({ id }) => id)).toEqual(['storyboard/animatic'])
    await close()
  })

  test('with a file there are both', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spotsmith-providers-'))
    folders.push(folder)
    await writeFile(join(folder, 'providers.json'), JSON.stringify({ providers: [provider] }))
    const { registry, close } = await open(join(folder, 'providers.json'))
    expect(registry.providerOf('sim/wan-3.0')?.id).toBe('sim')
    expect(registry.card('storyboard/animatic')?.draft).toBe(true)
    await close()
  })

  test('a file that is not there is a fault of the settings', async () => {
    await expect(open('/nowhere/providers.json')).rejects.toThrow(
      'PROVIDERS_FILE: /nowhere/providers.json cannot be read (ENOENT).',
    )
  })
})
