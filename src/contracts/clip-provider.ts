/**
 * The port to whoever makes clips. No vendor type leaks through it, and everything that is kept is JSON.
 * Every adapter passes test/conformance/provider.ts.
 */
import type { Json } from './json.ts'
import type { ClipSpec, ModelCard } from './model-card.ts'

export type ProviderErrorCode =
  | 'moderation_input'
  | 'moderation_output'
  | 'invalid_request'
  | 'auth'
  | 'insufficient_funds'
  | 'rate_limited'
  | 'capacity'
  | 'timeout'
  | 'network'
  | 'vendor_internal'
  | 'model_retired'
  | 'bad_clip'
  | 'result_expired'
  | 'unknown'

export interface ProviderError {
  readonly code: ProviderErrorCode
  readonly message: string
  readonly retryable: boolean
  readonly vendorCode?: string
  readonly retryAfterMs?: number
  /** Said by the answer itself; otherwise the model card decides. */
  readonly billed?: boolean
}

/** What was seen on the wire, kept for a person who has to resolve an uncertain attempt. */
export interface WireEvidence {
  readonly status?: number
  readonly vendorRequestId?: string
  readonly bodySha256?: string
  readonly bodyExcerpt?: string
}

/** One submission, as written down before it is sent. */
export interface Attempt {
  readonly id: string
  /** "<provider>/<model>" */
  readonly model: string
  readonly clip: ClipSpec
  readonly submittedAt: Date
  /** Where the provider may call back, when it can. */
  readonly callbackUrl?: string
  /** Job references of other attempts: a recovery must not claim one of them. */
  readonly otherJobRefs?: readonly Json[]
  /** How many other attempts with an equal request, of any workspace, have no answer: a job in the list may be one of theirs. */
  readonly equalOpenAttempts?: number
}

export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly jobRef: Json; readonly replayed: boolean; readonly evidence: WireEvidence }
  | { readonly kind: 'refused'; readonly error: ProviderError; readonly evidence: WireEvidence; readonly costMicroUsd?: number }
  | { readonly kind: 'not-sent'; readonly error: ProviderError }
  | { readonly kind: 'ambiguous'; readonly error: ProviderError; readonly evidence?: WireEvidence }

export type RecoverOutcome =
  | { readonly kind: 'found'; readonly jobRef: Json }
  | { readonly kind: 'absent' }
  | { readonly kind: 'undetermined'; readonly reason: string }

/** A handle to a result, never an address with a credential in it. */
export interface Output {
  readonly kind: 'video'
  readonly handle: Json
}

export type PollOutcome =
  | { readonly kind: 'running'; readonly progress?: number; readonly retryAfterMs?: number }
  | {
      readonly kind: 'succeeded'
      readonly outputs: readonly Output[]
      readonly costMicroUsd?: number
      readonly expiresAt?: string
    }
  | { readonly kind: 'failed'; readonly error: ProviderError; readonly costMicroUsd?: number }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'transient'; readonly error: ProviderError; readonly retryAfterMs?: number }

export interface OpenedOutput {
  readonly body: ReadableStream<Uint8Array>
  readonly mediaType: string
  readonly bytes?: number
}

export type CallbackVerdict = { readonly kind: 'verified' | 'unsigned' | 'forged'; readonly jobRef?: Json }

export interface CallOptions {
  readonly signal: AbortSignal
}

export interface VideoProvider {
  readonly id: string
  models(): readonly ModelCard[]
  /** Sends exactly one request, and returns a value for every answer; never throws for one. */
  submit(attempt: Attempt, options: CallOptions): Promise<SubmitOutcome>
  recover(attempt: Attempt, options: CallOptions): Promise<RecoverOutcome>
  poll(jobRef: Json, attempt: Attempt, options: CallOptions): Promise<PollOutcome>
  /**
   * The bytes, with limits on size and time; before and while they are read it may fail with
   * Terminal `result_expired` (poll once more), Terminal `bad_clip` (no usable video came), or anything else: try again.
   */
  open(output: Output, jobRef: Json, attempt: Attempt, options: CallOptions): Promise<OpenedOutput>
  cancel?(jobRef: Json, options: CallOptions): Promise<'cancelled' | 'too-late' | 'unknown'>
  verifyCallback?(raw: Uint8Array, headers: Headers, now: Date): Promise<CallbackVerdict>
}
