/** What is known of every file that a campaign has made, also of files that retention has removed since. */
import { sql } from 'kysely'
import type { Disclosure, Provenance } from '#src/contracts/provenance.ts'
import type { Db } from './client.ts'

export interface EvidenceFile {
  readonly variant_id: string
  readonly revision: number
  readonly segment_key: string
  readonly locale: string
  readonly position: number
  readonly variant_status: string
  /** The campaign's policy: none, clips or all. */
  readonly review: string
  readonly rendition_id: string
  readonly format: string
  readonly draft: boolean
  readonly disclosure: Disclosure | null
  readonly provenance: Provenance | null
  readonly kind: string
  readonly sha256: string
  readonly bytes: number
  readonly made_at: Date
  readonly removed_at: Date | null
  /** Of the clips, in no order. */
  readonly attempts: readonly { readonly submitted_at: string; readonly finished_at: string | null }[]
}

export interface VariantCursor {
  readonly position: number
  readonly id: string
}

const attempts = sql`(
  select coalesce(jsonb_agg(jsonb_build_object('submitted_at', a.submitted_at, 'finished_at', a.finished_at) order by a.submitted_at), '[]')
  from jsonb_array_elements(r.provenance -> 'clips') clip join attempts a on a.id = clip ->> 'attempt_id') as attempts`

/** In the order of the audience; the files of `limit` variants at a time. */
export async function evidenceFiles(
  db: Db,
  workspaceId: string,
  campaignId: string,
  { after, limit }: { readonly after: VariantCursor | undefined; readonly limit: number },
): Promise<{ readonly files: EvidenceFile[]; readonly last: VariantCursor | undefined }> {
  const { rows: page } = await sql<VariantCursor>`
    select position, id from variants
    where workspace_id = ${workspaceId} and campaign_id = ${campaignId}
      and (position, id) > (${after?.position ?? -1}::bigint, ${after?.id ?? ''})
    order by position, id limit ${limit}`.execute(db)
  const { rows: files } = await sql<EvidenceFile>`
    select v.id as variant_id, v.revision, v.segment_key, v.locale, v.position, v.status as variant_status, c.settings ->> 'review' as review,
      r.id as rendition_id, r.format, r.draft, r.disclosure, r.provenance,
      f.kind, f.sha256, f.bytes, f.created_at as made_at, f.removed_at, ${attempts}
    from variants v join campaigns c on c.id = v.campaign_id
    join renditions r on r.variant_id = v.id and r.status = 'ready'
    join files f on f.id in (r.video_file_id, r.poster_file_id, r.preview_file_id)
    where v.id = any(${page.map(({ id }) => id)})
    order by v.position, v.id, r.format, f.kind desc`.execute(db)
  return { files, last: page.length < limit ? undefined : page.at(-1) }
}

export interface RecordedFile {
  readonly campaign_id: string
  readonly variant_id: string
  readonly rendition_id: string
  readonly format: string
  readonly kind: string
  readonly sha256: string
}

/** The files of the workspace whose renditions carry a manifest: several, where equal renditions share their files. */
export async function filesOfManifest(db: Db, workspaceId: string, manifestId: string, limit: number): Promise<RecordedFile[]> {
  const { rows } = await sql<RecordedFile>`
    select r.campaign_id, r.variant_id, r.id as rendition_id, r.format, f.kind, f.sha256
    from renditions r join files f on f.id in (r.video_file_id, r.poster_file_id, r.preview_file_id)
    where r.workspace_id = ${workspaceId} and r.status = 'ready'
      and (r.provenance -> 'manifest_ids') ? ${manifestId}
    order by r.id limit ${limit}`.execute(db)
  return rows
}
