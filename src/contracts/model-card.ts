/** What is known of a model before it is asked: data, not code, for models are retired every few months. */

/** How a lost answer to a submission can be found again, strongest first. */
export type SubmitRecovery =
  | { readonly kind: 'idempotency-key'; readonly ttlSeconds: number }
  | { readonly kind: 'client-id' }
  | { readonly kind: 'list'; readonly windowSeconds: number }
  | { readonly kind: 'callback' }
  | { readonly kind: 'none' }

/** What a clip is to be, as one model is asked for it. */
export interface ClipSpec {
  readonly prompt: string
  readonly seconds: number
  /** e.g. "9:16" */
  readonly aspectRatio: string
  /** e.g. "1080p" */
  readonly resolution: string
  readonly audio: boolean
  readonly seed?: number
  readonly negativePrompt?: string
  /** A link or handle of a reference image that the provider may read. */
  readonly reference?: { readonly sha256: string; readonly url: string }
}

/** Data, not code: models are retired every few months. */
export interface ModelCard {
  /** "<provider>/<model>" */
  readonly id: string
  readonly title?: string
  readonly durations: { readonly values: readonly number[] } | { readonly min: number; readonly max: number }
  readonly aspectRatios: readonly string[]
  readonly resolutions: readonly string[]
  readonly audio: 'optional' | 'always' | 'never'
  readonly accepts: readonly ('seed' | 'negative_prompt' | 'first_frame' | 'references')[]
  /** The most that one submission of this clip can cost. */
  maxCostMicroUsd(clip: ClipSpec): number
  /** YYYY-MM-DD */
  readonly priceCheckedAt: string
  /** The price as data, for people: micro-USD per second by resolution. */
  readonly priceMicroUsdPerSecond: Readonly<Record<string, number>>
  /** YYYY-MM-DD; no submission on or after it. */
  readonly sunsetAt?: string
  readonly recovery: SubmitRecovery
  readonly chargedOnRefusal: 'yes' | 'no' | 'unknown'
  readonly jobTtlSeconds?: number
  readonly resultTtlSeconds: number
  readonly maxInFlight: number
  readonly submitsPerMinute: number
  /** Typical seconds from submission to result, for estimates. */
  readonly typicalSeconds?: number
  /** What the vendor says of an invisible watermark in its clips, e.g. "SynthID". */
  readonly watermark?: string
  /** A rehearsal and not a model: its files are `draft` and never mixed with paid ones. */
  readonly draft?: boolean
}
