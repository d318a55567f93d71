/** Variants and renditions as the API, the manifest and the events show them. */
import type { Disclosure, Provenance } from '#src/contracts/provenance.ts'
import type { RenditionWithFiles } from '#src/database/renditions.ts'
import type { VariantRow } from '#src/database/variants.ts'
import type { DecisionResource } from '../review/service-present.ts'
import type { RenditionStatus, VariantStatus } from './rules.ts'

export interface LinkedFile {
  readonly id: string
  readonly file_name: string
  readonly link_version: number
}
export type Link = (file: LinkedFile) => string

type Failure = { readonly code: string; readonly message: string }
type Open = Readonly<Record<string, unknown>>

export type RenditionResource = ReturnType<typeof presentRendition>
export type VariantResource = ReturnType<typeof presentVariant>

/** @param shown whether the caller may have the files' links */
export function presentRendition(row: RenditionWithFiles, link: Link, shown = true) {
  const url = (file: LinkedFile | null) => (file && shown ? link(file) : null)
  return {
    id: row.id,
    object: 'rendition' as const,
    format: row.format,
    status: row.status as RenditionStatus,
    url: url(row.video),
    poster_url: url(row.poster),
    preview_url: url(row.preview),
    sha256: row.video?.sha256 ?? null,
    bytes: row.video?.bytes ?? null,
    seconds: row.seconds,
    width: row.width,
    height: row.height,
    draft: row.draft,
    disclosure: row.disclosure as unknown as Disclosure | null,
    provenance: row.provenance as unknown as Provenance | null,
    qa: row.qa as Readonly<Record<string, string | number | boolean>> | null,
    error: row.error as Failure | null,
  }
}

export interface VariantParts {
  readonly renditions: readonly RenditionWithFiles[]
  /** Shot → the generation it points at. */
  readonly generations: ReadonlyMap<string, string | null>
  readonly link: Link
  readonly shown: boolean
  /** The decision that holds for these files. */
  readonly review: DecisionResource | null
}

export function presentVariant(row: VariantRow, { renditions, generations, link, shown, review }: VariantParts) {
  const shotIds = [...new Set(renditions.flatMap((rendition) => rendition.shot_ids))]
  return {
    id: row.id,
    object: 'variant' as const,
    status: row.status as VariantStatus,
    revision: row.revision,
    campaign_id: row.campaign_id,
    segment_key: row.segment_key,
    locale: row.locale,
    texts: row.texts as Open,
    shots: shotIds.map((shot_id) => ({ shot_id, generation_id: generations.get(shot_id) ?? null })),
    error: row.error as Failure | null,
    review,
    renditions: renditions.map((rendition) => presentRendition(rendition, link, shown)),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

/** A finished file, complete: what `variant.ready` carries and a line of the manifest says. */
export function finishedFile(row: RenditionWithFiles, link: Link) {
  if (!row.video || !row.poster) throw new Error(`Rendition ${row.id} is ready but has no files.`)
  return {
    format: row.format,
    url: link(row.video),
    poster_url: link(row.poster),
    preview_url: row.preview && link(row.preview),
    sha256: row.video.sha256,
    bytes: row.video.bytes,
    seconds: row.seconds ?? 0,
    width: row.width ?? 0,
    height: row.height ?? 0,
    draft: row.draft,
  }
}
