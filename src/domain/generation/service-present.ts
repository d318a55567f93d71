/** Generations as the API shows them, a page at a time. */
import { type AttemptRow, attemptsOf } from '#src/database/attempts.ts'
import type { Db } from '#src/database/client.ts'
import type { GenerationRow } from '#src/database/generations.ts'
import type { ShotSpec } from '../campaign/types.ts'
import type { GenerationStatus } from './rules.ts'

interface LinkedFile {
  readonly id: string
  readonly file_name: string
  readonly link_version: number
}
export type Link = (file: LinkedFile) => string

interface ClipFacts {
  readonly sha256: string
  readonly bytes: number
  readonly seconds: number
}

export type GenerationResource = ReturnType<typeof present>

/** Attempts and files of all rows in one query each. */
export async function presentGenerations(db: Db, rows: readonly GenerationRow[], link: Link): Promise<GenerationResource[]> {
  const attempts = Map.groupBy(
    await attemptsOf(
      db,
      rows.map((row) => row.id),
    ),
    (attempt) => attempt.generation_id,
  )
  const files = await filesOf(db, rows)
  return rows.map((row) => present(row, attempts.get(row.id) ?? [], files.get(row.clip_file_id ?? ''), link))
}

async function filesOf(db: Db, rows: readonly GenerationRow[]): Promise<Map<string, LinkedFile>> {
  const ids = rows.flatMap((row) => row.clip_file_id ?? [])
  if (ids.length === 0) return new Map()
  const files = await db
    .selectFrom('files')
    .select(['id', 'file_name', 'link_version'])
    .where('id', 'in', ids)
    .where('removed_at', 'is', null)
    .execute()
  return new Map(files.map((file) => [file.id, file]))
}

function clipOf(row: GenerationRow, file: LinkedFile | undefined, link: Link) {
  if (!file || row.clip === null) return null
  const { sha256, bytes, seconds } = row.clip as unknown as ClipFacts
  return { url: link(file), sha256, bytes, seconds }
}

function present(row: GenerationRow, attempts: readonly AttemptRow[], file: LinkedFile | undefined, link: Link) {
  const spec = row.spec as unknown as ShotSpec
  return {
    id: row.id,
    object: 'generation' as const,
    status: row.status as GenerationStatus,
    model: row.model,
    prompt: spec.prompt,
    seconds: spec.seconds,
    aspect_ratio: spec.aspect_ratio,
    resolution: spec.resolution,
    audio: spec.audio,
    payer_campaign_id: row.payer_campaign_id,
    progress: row.progress,
    cost_micro_usd: row.cost_micro_usd,
    clip: clipOf(row, file, link),
    error: row.error as { code: string; message: string; billed?: boolean } | null,
    last_error: row.last_error,
    attempts: attempts.map(presentAttempt),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

const presentAttempt = (row: AttemptRow) => ({
  id: row.id,
  status: row.status,
  provider: row.provider,
  model: row.model,
  campaign_id: row.campaign_id,
  submitted_at: row.submitted_at.toISOString(),
  job_ref: row.job_ref,
  evidence: row.evidence,
  error: row.error as { code: string; message: string } | null,
  reserved_micro_usd: row.reserved_micro_usd,
  cost_micro_usd: row.cost_micro_usd,
})
