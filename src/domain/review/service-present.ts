/** Decisions and clips as the API shows them. */
import type { ClipRow, DecisionRow } from '#src/database/reviews.ts'
import type { ShotSpec } from '../campaign/types.ts'
import type { RejectReason } from './rules.ts'

export type DecisionResource = ReturnType<typeof presentDecision>

const isoOf = (time: Date | string | null): string | null => (time === null ? null : new Date(time).toISOString())

export const presentDecision = (row: DecisionRow) => ({
  id: row.id,
  object: 'review_decision' as const,
  campaign_id: row.campaign_id,
  variant_id: row.variant_id,
  shot_id: row.shot_id,
  revision: row.revision,
  decision: row.decision,
  reason: row.reason as RejectReason | null,
  note: row.note,
  regenerate: row.regenerate,
  files_sha256: row.files_sha256,
  key_id: row.key_id,
  actor: row.actor,
  void_at: isoOf(row.void_at),
  created_at: isoOf(row.created_at)!,
})

export type ClipStatus = 'waiting' | 'in_review' | 'approved' | 'rejected' | 'failed'

function statusOf(row: ClipRow): ClipStatus {
  if (row.error !== null) return (row.error as { code?: string }).code === 'clip_rejected' ? 'rejected' : 'failed'
  if (row.generation_status !== 'ready' || row.clip_sha256 === null) return 'waiting'
  return row.approved_sha256 === row.clip_sha256 ? 'approved' : 'in_review'
}

/** @param price the most that another take costs */
export function presentClip(row: ClipRow, url: string | null, price: number) {
  const spec = row.spec as unknown as ShotSpec
  return {
    shot_id: row.id,
    object: 'campaign_clip' as const,
    campaign_id: row.campaign_id,
    status: statusOf(row),
    generation_id: row.generation_id,
    generation_status: row.generation_status,
    model: row.model,
    prompt: spec.prompt,
    seconds: spec.seconds,
    aspect_ratio: spec.aspect_ratio,
    take: spec.take,
    url,
    sha256: row.clip_sha256,
    variants: row.variants,
    regenerate_max_micro_usd: price,
    review: row.decision && presentDecision(row.decision),
    error: row.error as { code: string; message: string } | null,
  }
}
