/** The disclosure record of a campaign, a line per file: what its operator shows when somebody asks. */
import { evidenceFiles, type EvidenceFile, type VariantCursor } from '#src/database/evidence.ts'
import type { Scope } from '../scope.ts'

const pageSize = 200

/** Who says what of an invisible watermark; ours is absent, and that is said too. */
const watermarkOf = (clips: readonly { vendor_watermark: string | null }[]): string =>
  [...new Set(clips.map((clip) => clip.vendor_watermark ?? 'the vendor states none'))].join('; ')

const joined = (values: readonly (string | null)[]): string => [...new Set(values.filter((value) => value !== null))].join(' ')

function labelPart({ disclosure }: EvidenceFile) {
  return {
    label_kind: disclosure?.kind ?? null,
    label_text: disclosure?.label ?? null,
    label_style: disclosure?.style ?? null,
    label_off_reason: disclosure?.reason ?? null,
  }
}

function manifestPart({ provenance: p }: EvidenceFile) {
  return {
    provenance_status: p?.status ?? 'unsigned',
    manifest_id: p?.manifest_id ?? null,
    signed_by: p?.signer?.common_name ?? p?.signer?.organization ?? null,
    certificate_sha256: p?.signer?.certificate_sha256 ?? null,
    timestamped: p?.signer?.timestamped ?? false,
    digital_source_type: p?.digital_source_type ?? null,
    vendor_manifests: (p?.vendor_manifests ?? [])
      .map((one) => `${one.signer ?? 'unknown'} (${one.valid ? 'valid' : 'invalid'})`)
      .join('; '),
  }
}

function sourcePart({ provenance, attempts }: EvidenceFile) {
  const clips = provenance?.clips ?? []
  return {
    models: joined(clips.map((clip) => clip.model)),
    generation_ids: joined(clips.map((clip) => clip.generation_id)),
    attempt_ids: joined(clips.map((clip) => clip.attempt_id)),
    clip_sha256: joined(clips.map((clip) => clip.sha256)),
    prompt_sha256: joined(clips.map((clip) => clip.prompt_sha256)),
    submitted_at: utc(attempts[0]?.submitted_at),
    finished_at: utc(attempts.at(-1)?.finished_at),
    watermark: 'none',
    vendor_watermark: watermarkOf(clips),
  }
}

/** What people have decided about the files, as the variant's status keeps it. */
function decisionOf({ review, variant_status: status }: EvidenceFile): string {
  if (review === 'none') return 'not asked for'
  if (status === 'in_review') return 'open'
  return status === 'rejected' ? 'rejected' : status === 'ready' ? 'approved' : 'none'
}

const utc = (time: string | null | undefined): string | null => (time ? new Date(time).toISOString() : null)

function lineOf(campaignId: string, file: EvidenceFile) {
  return {
    campaign_id: campaignId,
    variant_id: file.variant_id,
    revision: file.revision,
    segment_key: file.segment_key,
    locale: file.locale,
    rendition_id: file.rendition_id,
    format: file.format,
    file: file.kind,
    sha256: file.sha256,
    bytes: file.bytes,
    draft: file.draft,
    ...labelPart(file),
    ...manifestPart(file),
    ...sourcePart(file),
    review_policy: file.review,
    review_decision: decisionOf(file),
    made_at: file.made_at.toISOString(),
    removed_at: file.removed_at?.toISOString() ?? null,
  }
}

export type EvidenceRow = ReturnType<typeof lineOf>

/** In pages: a million files take no more memory than ten. */
export async function* evidenceRows({ db, workspaceId }: Scope, campaignId: string): AsyncGenerator<EvidenceRow> {
  let after: VariantCursor | undefined
  do {
    const page = await evidenceFiles(db, workspaceId, campaignId, { after, limit: pageSize })
    yield* page.files.map((file) => lineOf(campaignId, file))
    after = page.last
  } while (after)
}
