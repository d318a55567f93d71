/** One rendition: what it is made from, and what is written when it is made, equal to one that exists, or cannot be made. */
import type { Composition } from '#src/contracts/composition.ts'
import type { Json } from '#src/contracts/json.ts'
import type { ClipSource, Disclosure, Provenance, ProvenanceClaim, SigningIdentity } from '#src/contracts/provenance.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { findEqual, isUnapproved, type RenditionRow, updateRendition } from '#src/database/renditions.ts'
import { beginVariant, lockVariants, type VariantRow } from '#src/database/variants.ts'
import type { Lease } from '#src/queue/lease.ts'
import { holdLease, settled } from '#src/queue/work-items.ts'
import { sql } from 'kysely'
import { createHash } from 'node:crypto'
import type { PlanContext, ShotSpec, VariantTexts } from '../campaign/types.ts'
import { digestOf } from '../expansion/canonical.ts'
import { assetsOf, compositionOf } from '../expansion/composition.ts'
import { disclosureOf } from '../template/disclosure.ts'
import { claimOf, type SignedPart, signingPart, unsigned } from './provenance.ts'
import type { Settle } from './service-settle.ts'

export interface StoredAsset {
  readonly sha256: string
  readonly objectKey: string
}

export interface NewFile {
  readonly objectKey: string
  readonly kind: 'video' | 'poster' | 'preview'
  readonly mediaType: string
  readonly fileName: string
  readonly bytes: number
  readonly sha256: string
  readonly variantId: string
}

/** A file of a finished rendition in the store. */
export type Artefact = Pick<NewFile, 'kind' | 'objectKey' | 'mediaType' | 'bytes' | 'sha256'>

export interface Finished {
  readonly renditionKey: string
  readonly seconds: number
  readonly width: number
  readonly height: number
  readonly qa: Readonly<Record<string, number | string | boolean>>
  readonly artefacts: readonly Artefact[]
  readonly signed: SignedPart
}

export type Prepared =
  | {
      readonly kind: 'compose'
      readonly renditionKey: string
      readonly composition: Composition
      /** What is signed into the files. */
      readonly claim: ProvenanceClaim
      readonly assets: readonly StoredAsset[]
    }
  /** An equal rendition exists in the workspace: its files serve this one too. */
  | { readonly kind: 'reuse'; readonly finished: Finished }
  /** A clip is not there (any more): the rendition waits again. */
  | { readonly kind: 'not_ready' }

export interface ComposeDependencies {
  readonly db: Db
  readonly settle: Settle
  readonly files: {
    recordAll(scope: { db: Db; workspaceId: string }, files: readonly NewFile[]): Promise<readonly { id: string; kind: string }[]>
  }
  /** What is known of a model that is still configured. A draft only rehearses. */
  readonly model: (id: string) => { readonly draft?: boolean; readonly watermark?: string } | undefined
  /** Who signs the files. */
  readonly signer: SigningIdentity
  /** Part of the rendition key: another version may draw other bytes. */
  readonly compositorVersion: string
}

interface SourceClip {
  readonly shot_id: string
  readonly spec: ShotSpec
  readonly generation_id: string
  readonly attempt_id: string | null
  readonly model: string
  readonly sha256: string
  readonly object_key: string
}

/** Plans are immutable once they are ready, and a campaign's renditions come in a row: a few contexts serve thousands. */
const cachedContexts = 8

export function createCompose({ db, settle, files, model, signer, compositorVersion }: ComposeDependencies) {
  const contexts = new Map<string, PlanContext>()

  async function contextOf(trx: Db, { campaign_id, plan_revision }: VariantRow): Promise<PlanContext> {
    const key = `${campaign_id}:${plan_revision}`
    const cached = contexts.get(key)
    if (cached) return cached
    const plan = await trx
      .selectFrom('plans')
      .select('context')
      .where('campaign_id', '=', campaign_id)
      .where('revision', '=', plan_revision)
      .executeTakeFirstOrThrow()
    const context = plan.context as unknown as PlanContext
    if (contexts.size >= cachedContexts) contexts.delete(contexts.keys().next().value!)
    contexts.set(key, context)
    return context
  }

  /** Locked in one order everywhere: the variant, then its rendition. */
  async function hold(
    trx: Parameters<Parameters<typeof transaction>[1]>[0],
    row: RenditionRow,
    lease: Lease,
    expected: readonly string[],
  ) {
    const [variant] = await lockVariants(trx, [row.variant_id])
    await holdLease(trx, lease, expected)
    return variant!
  }

  /** Everything that decides the bytes, read at one moment, and the statuses that say that work has begun. */
  async function prepare(row: RenditionRow, lease: Lease): Promise<Prepared> {
    return await transaction(db, async (trx) => {
      const variant = await hold(trx, row, lease, ['waiting', 'composing'])
      const clips = await clipsOf(trx, row.shot_ids)
      if (!clips) {
        await updateRendition(trx, row.id, { ...settled, status: 'waiting', due_at: sql`'infinity'` })
        return { kind: 'not_ready' }
      }
      const context = await contextOf(trx, variant)
      const texts = variant.texts as unknown as VariantTexts
      const scenes = clips.map(({ sha256, spec }) => ({ sha256, seconds: spec.seconds }))
      const composition = compositionOf({ context, texts, locale: variant.locale, format: row.format, clips: scenes })
      const origin = originOf(row, clips, disclosureOf(context.template.disclosure, variant.locale))
      const { claim } = origin
      const renditionKey = digestOf({ composition, compositorVersion, ...signingPart(claim, signer) })
      await updateRendition(trx, row.id, { status: 'composing', ...origin.columns })
      await beginVariant(trx, variant.id)
      const finished = await findFinished(trx, row.workspace_id, renditionKey)
      if (finished) return { kind: 'reuse', finished }
      const media = assetsOf({ context, texts }).map(({ sha256, object_key }) => ({ sha256, objectKey: object_key }))
      const assets = [...clips.map(({ sha256, object_key }) => ({ sha256, objectKey: object_key })), ...media]
      return { kind: 'compose', renditionKey, composition, claim, assets }
    })
  }

  function sourceOf({ generation_id, attempt_id, model: id, sha256, spec }: SourceClip): ClipSource {
    const prompt_sha256 = createHash('sha256').update(spec.prompt).digest('hex')
    return { generation_id, attempt_id, sha256, model: id, prompt_sha256, vendor_watermark: model(id)?.watermark ?? null }
  }

  /** What the files say of where they come from, and the columns that keep it. */
  function originOf(row: RenditionRow, sources: readonly SourceClip[], disclosure: Disclosure) {
    const clips = sources.map(sourceOf)
    const draft = clips.some((clip) => model(clip.model)?.draft === true)
    const claim = claimOf({ clips, draft, disclosure, format: row.format, campaignId: row.campaign_id })
    return { claim, columns: { draft, disclosure: asJson(disclosure), provenance: asJson(unsigned(clips, claim)) } }
  }

  /** Files, status, the variant's outcome and its event, in one transaction that names the lease. */
  async function recordReady(row: RenditionRow, lease: Lease, finished: Finished): Promise<void> {
    await transaction(db, async (trx) => {
      await hold(trx, row, lease, ['composing'])
      const recorded = await files.recordAll(
        { db: trx, workspaceId: row.workspace_id },
        finished.artefacts.map((artefact) => ({ ...artefact, variantId: row.variant_id, fileName: fileName(row, artefact) })),
      )
      const fileId = (kind: string) => recorded.find((file) => file.kind === kind)?.id ?? null
      const { renditionKey, seconds, width, height, qa, signed } = finished
      await updateRendition(trx, row.id, {
        ...settled,
        status: 'ready',
        rendition_key: renditionKey,
        video_file_id: fileId('video'),
        poster_file_id: fileId('poster'),
        preview_file_id: fileId('preview'),
        seconds,
        width,
        height,
        qa: { ...qa },
        provenance: sql`provenance || ${JSON.stringify(signed)}::jsonb`,
        error: null,
      })
      await settle(trx, [row.variant_id])
    })
  }

  /** It cannot be made: the reason stays with it, its variant fails when the others have ended. */
  async function recordFailed(
    row: RenditionRow,
    lease: Lease,
    error: { readonly code: string; readonly message: string },
  ): Promise<void> {
    await transaction(db, async (trx) => {
      await hold(trx, row, lease, ['waiting', 'composing'])
      await updateRendition(trx, row.id, { ...settled, status: 'failed', error: { code: error.code, message: error.message } })
      await settle(trx, [row.variant_id])
    })
  }

  return { prepare, recordReady, recordFailed }
}

export type Compose = ReturnType<typeof createCompose>

/** Plain data; the column's type is any JSON. */
const asJson = (value: Disclosure | Provenance): Json => ({ ...value }) as unknown as Json

const extensions = { video: 'mp4', poster: 'jpg', preview: 'mp4' } as const

const fileName = ({ variant_id, format }: RenditionRow, { kind }: Artefact): string =>
  `${variant_id}-${format}${kind === 'video' ? '' : `-${kind}`}.${extensions[kind]}`

/** The clips of the shots, in order; undefined when one is not there, or waits for its approval. */
async function clipsOf(db: Db, shotIds: readonly string[]): Promise<SourceClip[] | undefined> {
  const { rows } = await sql<SourceClip>`
    select s.id as shot_id, s.spec, g.id as generation_id, g.attempt_id, g.model, f.sha256, f.object_key
    from unnest(${[...shotIds]}::text[]) with ordinality as wanted (id, position)
    join shots s on s.id = wanted.id join generations g on g.id = s.generation_id and g.status = 'ready'
    join files f on f.id = g.clip_file_id and f.removed_at is null
    join campaigns c on c.id = s.campaign_id
    where not ${isUnapproved('s', 'g', 'c')}
    order by wanted.position`.execute(db)
  return rows.length === shotIds.length ? rows : undefined
}

/** The same files, so the same signature. */
const signedOf = ({ status, signer, manifest_id, manifest_ids, vendor_manifests }: Provenance): SignedPart => ({
  status,
  signer,
  manifest_id,
  manifest_ids,
  vendor_manifests,
})

async function findFinished(db: Db, workspaceId: string, renditionKey: string): Promise<Finished | undefined> {
  const equal = await findEqual(db, workspaceId, renditionKey)
  if (!equal) return undefined
  const ids = [equal.video_file_id, equal.poster_file_id, equal.preview_file_id].filter((id) => id !== null)
  const rows = await db.selectFrom('files').selectAll().where('id', 'in', ids).where('removed_at', 'is', null).execute()
  if (rows.length < ids.length) return undefined
  return {
    renditionKey,
    seconds: equal.seconds ?? 0,
    width: equal.width ?? 0,
    height: equal.height ?? 0,
    qa: (equal.qa ?? {}) as Finished['qa'],
    signed: signedOf(equal.provenance as unknown as Provenance),
    artefacts: rows.map(({ kind, object_key, media_type, bytes, sha256 }) => ({
      kind: kind as Artefact['kind'],
      objectKey: object_key,
      mediaType: media_type,
      bytes,
      sha256,
    })),
  }
}
