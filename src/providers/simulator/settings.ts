/** The PROVIDERS_FILE that goes with a running simulator: vendors of several kinds behind one server. */
import type { DialectName } from '../dialects.ts'

/** Micro-USD per second, by resolution; invented, of today's order of magnitude. */
export const simulatedPrices: Readonly<Record<string, number>> = {
  '180p': 10_000,
  '480p': 30_000,
  '720p': 60_000,
  '1080p': 120_000,
}

interface Kind {
  readonly id: string
  readonly dialect: DialectName
  readonly recovery: Readonly<Record<string, unknown>>
}

/**
 * Two that list their jobs, one that knows its jobs by our key (set `idempotent`), and one that offers no way to find a lost
 * answer: its losses become `uncertain`.
 */
const kinds: readonly Kind[] = [
  { id: 'sim', dialect: 'json', recovery: { kind: 'list', window_seconds: 86_400 } },
  { id: 'sim-form', dialect: 'openai', recovery: { kind: 'list', window_seconds: 86_400 } },
  { id: 'sim-key', dialect: 'json', recovery: { kind: 'idempotency-key', ttl_seconds: 86_400 } },
  { id: 'sim-blind', dialect: 'openrouter', recovery: { kind: 'none' } },
]

const model = ({ recovery }: Kind) => ({
  id: 'wan-3.0',
  title: 'Simulated model',
  durations: { min: 1, max: 30 },
  aspect_ratios: ['9:16', '4:5', '1:1', '16:9', '2:3'],
  resolutions: Object.keys(simulatedPrices),
  audio: 'optional',
  accepts: ['seed'],
  price_micro_usd_per_second: simulatedPrices,
  price_checked_at: '2026-11-22',
  sunset_at: null,
  max_in_flight: 20,
  submits_per_minute: 600,
  recovery,
  charged_on_refusal: 'no',
  typical_seconds: 5,
})

/** @param url of the simulator, e.g. http://127.0.0.1:9099 */
export const simulatorProviders = (url: string, { pollSeconds = 1 }: { pollSeconds?: number } = {}) => ({
  providers: kinds.map((kind) => ({
    id: kind.id,
    adapter: 'openai-compatible',
    base_url: `${url}/${kind.dialect}/v1`,
    dialect: kind.dialect,
    poll_seconds: pollSeconds,
    models: [model(kind)],
  })),
})

/** What the simulator bills, equal to what the models' cards say. */
export const simulatedPrice = ({ seconds, resolution }: { seconds: number; resolution: string }): number =>
  Math.ceil(seconds) * (simulatedPrices[resolution] ?? Math.max(...Object.values(simulatedPrices)))
