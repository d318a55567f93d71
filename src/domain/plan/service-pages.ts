/** One page of segments: expanded, measured, written. Memory is bounded by the page. */
import type { AssetPaths } from '#src/contracts/composition.ts'
import type { Db } from '#src/database/client.ts'
import { copyInto, copyLine, textArray } from '#src/database/copy.ts'
import * as rows from '#src/database/plans.ts'
import type { SegmentRow } from '#src/database/segments.ts'
import type { Session } from '#src/database/session.ts'
import type { Fault } from '#src/errors.ts'
import type { Lease } from '#src/queue/lease.ts'
import { holdLease } from '#src/queue/work-items.ts'
import type { PlanContext, VariantTexts } from '../campaign/types.ts'
import { assetsOf, compositionOf, type CompositionParts } from '../expansion/composition.ts'
import { createExpander } from '../expansion/expand.ts'
import type { PlannerDependencies, PlanMedia } from './ports.ts'
import { loadMedia, type PlanBasis } from './service-context.ts'
import { createShots } from './service-shots.ts'
import { createTally, type Tally } from './tally.ts'

interface Valid {
  readonly segment: SegmentRow
  readonly prompt: string
  readonly texts: VariantTexts
}

interface Invalid {
  readonly segment: SegmentRow
  readonly errors: readonly Fault[]
}

/** A page as it is to be written. */
interface Page {
  readonly segments: readonly SegmentRow[]
  readonly valid: readonly Valid[]
  readonly invalid: readonly Invalid[]
  /** When the audience had last changed as the page was read. */
  readonly readAt: string
}

/** Compositions in one message to the compositor, and messages under way: bounds memory, whatever the number of formats. */
const measuredAtOnce = 500
const messages = 4
/** Images that segments may name, all together. */
const maxSegmentImages = 10_000

type Deps = Pick<PlannerDependencies, 'ids' | 'measure' | 'withAssets'>

interface Run {
  readonly basis: PlanBasis
  readonly plan: rows.PlanRow
  readonly lease: Lease
  readonly signal: AbortSignal
}

export function createPages({ ids, measure, withAssets }: Deps, { basis, plan, lease, signal }: Run) {
  const { campaign, settings } = basis
  const media: Record<string, PlanMedia> = { ...basis.context.media }
  const context: PlanContext = { ...basis.context, media }
  const expander = createExpander(context.template)
  const tally = createTally()
  const unknownImages = new Set<string>()
  const formats = settings.formats
  const shots = createShots(ids, basis)

  /** A plan over its caps fails; nothing more needs to be written for it, only counted. */
  const writes = (): boolean => tally.counts.valid * formats.length <= settings.max_renditions

  /** Images that segments name are copied into the plan, or make their segment invalid. */
  async function loadImages(db: Db, valid: readonly Valid[]): Promise<void> {
    const named = valid.flatMap(({ texts }) => texts.images).filter((id) => id !== null)
    const wanted = [...new Set(named)].filter((id) => !media[id] && !unknownImages.has(id))
    if (wanted.length === 0 || Object.keys(media).length > maxSegmentImages) return
    const found = await loadMedia(db, campaign.workspace_id, wanted)
    for (const id of wanted) {
      const { kind, ...file } = found[id] ?? { kind: 'none' }
      if (kind === 'image') media[id] = file as PlanMedia
      else unknownImages.add(id)
    }
  }

  function imageFaults({ texts }: Valid): Fault[] {
    return texts.images.flatMap((id, index): Fault[] => {
      if (id === null || media[id]) return []
      const overlay = context.template.overlays[index]
      const name = overlay?.kind === 'image' ? (overlay.variable ?? '') : ''
      return [{ pointer: `/attributes/${name}`, code: 'unknown_media', message: `There is no image "${id}" in this workspace.` }]
    })
  }

  async function read(db: Db, where: Parameters<typeof rows.nextSegments>[1], after: number, limit: number): Promise<Page> {
    const readAt = await rows.audienceChangedAt(db, campaign.audience_id, { hold: false })
    const segments = await rows.nextSegments(db, where, after, limit)
    const expanded = segments.map((segment) => ({ segment, ...expander.expand(segment) }))
    const wellFormed = expanded.filter((e) => e.status === 'valid')
    await loadImages(db, wellFormed)
    const withFaults = wellFormed.map((valid) => ({ valid, errors: imageFaults(valid) }))
    const invalid: Invalid[] = [
      ...expanded.filter((e) => e.status === 'invalid'),
      ...withFaults.filter(({ errors }) => errors.length > 0).map(({ valid, errors }) => ({ segment: valid.segment, errors })),
    ]
    return { segments, valid: withFaults.filter(({ errors }) => errors.length === 0).map(({ valid }) => valid), invalid, readAt }
  }

  /** Lays every variant out in every format with the code that draws, and counts what does not fit. */
  async function measurePage(valid: readonly Valid[]): Promise<void> {
    const parts = valid.flatMap(({ segment, texts }) => formats.map((format) => partsOf(context, segment.locale, texts, format)))
    const assets = new Map(parts.flatMap((part) => assetsOf(part)).map((asset) => [asset.sha256, asset]))
    await withAssets(
      [...assets.values()],
      async (paths) => {
        for (let at = 0; at < parts.length; at += measuredAtOnce * messages) {
          const batches = Array.from({ length: messages }, (_, i) =>
            parts.slice(at + i * measuredAtOnce, at + (i + 1) * measuredAtOnce),
          )
          await Promise.all(batches.filter((batch) => batch.length > 0).map((batch) => measureBatch(batch, paths)))
        }
      },
      signal,
    )
  }

  async function measureBatch(parts: readonly CompositionParts[], paths: AssetPaths): Promise<void> {
    const findings = await measure(parts.map(compositionOf), paths, { signal })
    for (const [i, found] of findings.entries()) if (found.length > 0) tally.addFindings(parts[i]!.format, found)
  }

  function linesOf(valid: readonly Valid[]): { variants: string; renditions: string } {
    let variants = ''
    let renditions = ''
    for (const { segment, prompt, texts } of valid) {
      const id = ids('variant')
      variants += copyLine([
        id,
        campaign.workspace_id,
        campaign.id,
        segment.key,
        segment.locale,
        segment.position,
        plan.revision,
        texts,
      ])
      for (const format of formats) {
        const line = textArray([shots.of(prompt, context.aspects[format]!).id])
        renditions += copyLine([ids('rendition'), campaign.workspace_id, campaign.id, id, format, line, isDraft])
      }
    }
    return { variants, renditions }
  }
  const isDraft = [...basis.aspects.values()].some((choices) => choices[0]?.card.draft)

  async function writeRows({ client }: Session, { valid, invalid }: Page): Promise<void> {
    if (invalid.length > 0) {
      const lines = invalid.map(({ segment, errors }) => copyLine([plan.id, segment.position, segment.key, errors]))
      await copyInto(client, rows.invalidTarget, lines)
    }
    if (valid.length === 0 || !writes()) return
    const lines = linesOf(valid)
    await copyInto(client, rows.variantTarget, [lines.variants])
    await copyInto(client, rows.renditionTarget, [lines.renditions])
  }

  /** @returns false when a segment was erased meanwhile: the page has to be read again */
  async function write(session: Session, page: Page, of: number): Promise<boolean> {
    return await session.db.transaction().execute(async (trx) => {
      if ((await rows.audienceChangedAt(trx, campaign.audience_id, { hold: true })) !== page.readAt) return false
      await holdLease(trx, lease, 'waiting')
      await shots.ensure(
        trx,
        page.valid.map(({ prompt }) => prompt),
      )
      count(tally, page)
      await writeRows(session, page)
      await rows.setProgress(trx, plan.id, { segments: Math.min(of, tally.counts.valid + tally.counts.invalid), of })
      return true
    })
  }

  function count({ counts, samples }: Tally, page: Page): void {
    counts.valid += page.valid.length
    counts.invalid += page.invalid.length
    for (const { segment, prompt, texts } of page.valid) {
      const wanted = shots.all(prompt)
      for (const shot of wanted) counts.naiveMicroUsd += shot.onceMicroUsd
      if (!tally.wantsSamples) continue
      const shot_keys = wanted.map((shot) => shot.key)
      samples.push({ segment_key: segment.key, locale: segment.locale, prompts: [prompt], overlays: texts.overlays, shot_keys })
    }
  }

  /** @returns the last position of the page, or undefined after the last page */
  async function next(
    session: Session,
    where: Parameters<typeof rows.nextSegments>[1],
    after: number,
    limit: number,
    of: number,
  ) {
    signal.throwIfAborted()
    let page = await read(session.db, where, after, limit)
    while (!(await write(session, page, of))) page = await read(session.db, where, after, limit)
    await measured
    if (page.valid.length > 0 && writes()) measured = measurePage(page.valid)
    // Whoever awaits it next gets the fault; until then nobody does.
    measured.catch(() => {})
    return page.segments.length < limit ? undefined : page.segments.at(-1)!.position
  }

  /** Measuring runs in other processes, beside the reading and writing of the next page. */
  let measured: Promise<void> = Promise.resolve()

  return { next, tally, context, measured: () => measured }
}

/** The clip does not exist yet; only its seconds decide the layout. */
const noClip = '0'.repeat(64)

const partsOf = (context: PlanContext, locale: string, texts: VariantTexts, format: string): CompositionParts => ({
  context,
  texts,
  locale,
  format,
  clips: [{ sha256: noClip, seconds: context.template.clip.seconds }],
})
