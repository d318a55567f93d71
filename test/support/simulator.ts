/** The simulated vendor and an adapter that talks to it, for tests of providers and of whatever buys clips. */
import { randomBytes } from 'node:crypto'
import { type Dialect, type DialectName, dialects } from '#src/providers/dialects.ts'
import { cardOf, modelSetting, type ModelSetting } from '#src/providers/model-setting.ts'
import { createOpenaiCompatibleProvider } from '#src/providers/openai-compatible.ts'
import type { Attempt, VideoProvider } from '#src/providers/provider.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '#src/providers/simulator/server.ts'
import { createTransport } from '#src/providers/transport.ts'

/** Begins like an MP4. Tests that decode it give `makeClip` something real. */
export const clipBytes = Buffer.concat([Buffer.from('00000018667479706d703432', 'hex'), randomBytes(200_000)])

export const apiKey = 'sim-secret-key-0123456789'
export const priceMicroUsdPerSecond = 60_000

export const simulatorOptions: SimulatorOptions = {
  makeClip: () => Promise.resolve(clipBytes),
  priceMicroUsd: ({ seconds }) => Math.ceil(seconds) * priceMicroUsdPerSecond,
  jobMs: 0,
}

export const testModel: ModelSetting = modelSetting.parse({
  id: 'wan-3.0',
  durations: { min: 2, max: 30 },
  aspect_ratios: ['9:16', '1:1', '16:9'],
  resolutions: ['180p', '720p', '1080p'],
  audio: 'optional',
  accepts: ['seed'],
  price_micro_usd_per_second: { '180p': priceMicroUsdPerSecond, '720p': priceMicroUsdPerSecond, '1080p': priceMicroUsdPerSecond },
  price_checked_at: '2026-11-22',
  max_in_flight: 5,
  submits_per_minute: 60,
  recovery: { kind: 'list', window_seconds: 86_400 },
  charged_on_refusal: 'no',
})

interface AdapterOptions {
  readonly dialect?: DialectName | Dialect
  readonly model?: Partial<ModelSetting>
  readonly baseUrl?: string
  readonly now?: () => number
  readonly maxResultBytes?: number
  readonly guardedFetch?: typeof globalThis.fetch
  readonly submitFetch?: typeof globalThis.fetch
}

let attempts = 0

/** An attempt as the service writes it down; every one asks for another prompt. */
export function attemptFor(provider: VideoProvider, more: Partial<Attempt> = {}): Attempt {
  const clip = { prompt: `clip number ${++attempts}`, seconds: 4, aspectRatio: '9:16', resolution: '180p', audio: false }
  return { id: `att_${attempts}`, model: provider.models()[0]!.id, clip, submittedAt: new Date(), ...more }
}

export async function openSimulator(options: Partial<SimulatorOptions> = {}) {
  const simulator: Simulator = await startSimulator({ ...simulatorOptions, ...options })
  const transport = createTransport()
  const adapter = (given: AdapterOptions = {}): VideoProvider => {
    const { dialect = 'json', model, now = Date.now } = given
    return createOpenaiCompatibleProvider(
      {
        id: 'sim',
        baseUrl: given.baseUrl ?? simulator.baseUrl(typeof dialect === 'string' ? dialect : 'json'),
        apiKey,
        headers: {},
        dialect: typeof dialect === 'string' ? dialects[dialect] : dialect,
        pollSeconds: 10,
        maxResultBytes: given.maxResultBytes ?? 10_000_000,
        models: [cardOf('sim', { ...testModel, ...model })],
      },
      {
        submitFetch: given.submitFetch ?? transport.submitFetch,
        fetch: transport.fetch,
        guardedFetch: given.guardedFetch ?? (() => Promise.reject(new Error('a foreign address was asked for'))),
        now,
      },
    )
  }
  const close = async () => {
    await transport.close()
    await simulator.close()
  }
  return { simulator, adapter, close }
}

export type OpenedSimulator = Awaited<ReturnType<typeof openSimulator>>
