/** What variants and renditions may do next, and what a variant becomes when its renditions have ended. */
import type { Transitions } from '../transitions.ts'

export const variantStatuses = ['planned', 'rendering', 'in_review', 'ready', 'rejected', 'failed', 'cancelled'] as const
export type VariantStatus = (typeof variantStatuses)[number]

/** A variant is `planned` until the first of its files is worked on, so that a launch does not write a million rows. */
export const variantTransitions = {
  planned: ['rendering', 'failed', 'cancelled'],
  rendering: ['in_review', 'ready', 'failed', 'cancelled'],
  // Rendering: a reviewer asks for another clip, or the copy is changed.
  in_review: ['ready', 'rejected', 'rendering', 'cancelled'],
  ready: ['rendering', 'cancelled'],
  rejected: ['rendering', 'cancelled'],
  failed: ['rendering', 'cancelled'],
  cancelled: [],
} as const satisfies Transitions<VariantStatus>

/** A campaign is not finished while it has one of these; the partial index variants_open names the same. */
export const openVariantStatuses = ['planned', 'rendering', 'in_review'] as const satisfies readonly VariantStatus[]

export const renditionStatuses = ['waiting', 'composing', 'ready', 'failed', 'cancelled'] as const
export type RenditionStatus = (typeof renditionStatuses)[number]

export const renditionTransitions = {
  waiting: ['composing', 'failed', 'cancelled'],
  composing: ['ready', 'failed', 'cancelled'],
  ready: ['waiting', 'cancelled'],
  failed: ['waiting', 'cancelled'],
  cancelled: [],
} as const satisfies Transitions<RenditionStatus>

export type ReviewPolicy = 'none' | 'clips' | 'all'

interface RenditionEnd {
  readonly status: RenditionStatus
  readonly error: { readonly code: string; readonly message: string } | null
}

export type VariantEnd =
  | { readonly status: 'open' }
  | { readonly status: 'ready' | 'in_review' }
  | { readonly status: 'failed'; readonly error: { readonly code: string; readonly message: string } }

/**
 * A variant with three of four renditions ready and one failed is failed; the ready files stay usable.
 * @returns `open` while a rendition may still change by itself
 */
export function variantEnd(renditions: readonly RenditionEnd[], review: ReviewPolicy): VariantEnd {
  if (renditions.some(({ status }) => status === 'waiting' || status === 'composing')) return { status: 'open' }
  const failed = renditions.find(({ status }) => status === 'failed')
  if (failed) {
    return { status: 'failed', error: failed.error ?? { code: 'unknown', message: 'A rendition failed.' } }
  }
  return { status: review === 'all' ? 'in_review' : 'ready' }
}
