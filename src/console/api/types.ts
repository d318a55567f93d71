/** What the API answers with, from its own schemas. Types only: nothing of the server is bundled. */
import type { z } from 'zod'
import type * as campaigns from '#src/http/schemas/campaign.ts'
import type * as library from '#src/http/schemas/library.ts'
import type * as results from '#src/http/schemas/results.ts'
import type * as reviews from '#src/http/schemas/reviews.ts'
import type * as webhooks from '#src/http/schemas/webhooks.ts'
import type * as workspaces from '#src/http/schemas/workspace.ts'

export interface Page<T> {
  readonly data: readonly T[]
  readonly has_more: boolean
  readonly next_cursor: string | null
}

export type Campaign = z.output<typeof campaigns.campaign>
export type CampaignInput = z.input<typeof campaigns.campaignInput>
export type Plan = z.output<typeof campaigns.plan>
export type InvalidSegment = z.output<typeof campaigns.invalidSegment>
export type Variant = z.output<typeof results.variant>
export type Rendition = z.output<typeof results.rendition>
export type Generation = z.output<typeof results.generation>
export type CampaignClip = z.output<typeof reviews.campaignClip>
export type Decision = z.output<typeof reviews.decision>
export type BulkReview = z.output<typeof reviews.bulkReview>
export type Quote = z.output<typeof reviews.regenerationQuote>
export type Template = z.output<typeof library.template>
export type Audience = z.output<typeof library.audience>
export type ImportResult = z.output<typeof library.importResult>
export type Format = z.output<typeof library.format>
export type Model = z.output<typeof library.model>
export type Dependents = z.output<typeof library.dependents>
export type Preview = z.output<typeof library.preview>
export type Endpoint = z.output<typeof webhooks.endpoint>
export type WebhookEvent = z.output<typeof webhooks.event>
export type Delivery = z.output<typeof webhooks.delivery>
export type ApiKey = z.output<typeof workspaces.apiKey>
export type AuditEntry = z.output<typeof workspaces.auditEntry>
export type Usage = z.output<typeof workspaces.usage>
export type Session = z.output<typeof workspaces.session>

export type VariantStatus = Variant['status']
export type RejectReason = NonNullable<Decision['reason']>
