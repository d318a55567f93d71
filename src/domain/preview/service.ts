/** Previews: what one segment's ad would say and look like, before anything is planned or bought. */
import type { AssetPaths, Composition, Still } from '#src/contracts/composition.ts'
import { invalid, type Fault } from '#src/errors.ts'
import { branded } from '../brand/service-apply.ts'
import type { PlanContext, VariantTexts } from '../campaign/types.ts'
import { canonicalLocale } from '../audience/row.ts'
import { assetsOf, compositionOf } from '../expansion/composition.ts'
import { createExpander } from '../expansion/expand.ts'
import { aspectsOf } from '../expansion/shot.ts'
import type { Attributes } from '../expansion/values.ts'
import type { Format } from '../format/rules.ts'
import type { WithAssets } from '../plan/ports.ts'
import { loadMedia } from '../plan/service-context.ts'
import type { Scope } from '../scope.ts'
import { mediaReferences, totalSeconds, type Template } from '../template/rules.ts'

export interface PreviewInput {
  readonly template?: unknown
  readonly template_id?: string | undefined
  readonly template_version?: number | undefined
  readonly attributes: Attributes
  readonly segment_key: string
  readonly locale: string
  /** Defaults to the template's. */
  readonly formats?: readonly string[] | undefined
  /** Which moment the stills show; the one with the most overlays when it is left out. */
  readonly at_seconds?: number | undefined
  /** Draws the safe zone. */
  readonly guides: boolean
}

interface Dependencies {
  readonly templates: {
    check(scope: Scope, input: unknown, pointer?: string): Promise<Template>
    get(scope: Scope, id: string, version?: number): Promise<{ readonly template: Template }>
  }
  readonly formats: { all(scope: Scope): Promise<ReadonlyMap<string, Format>> }
  readonly still: (
    composition: Composition,
    assets: AssetPaths,
    options: { atSeconds: number; guides: boolean },
  ) => Promise<Still>
  readonly withAssets: WithAssets
}

const noClip = '0'.repeat(64)

export function createPreviews({ templates, formats, still, withAssets }: Dependencies) {
  async function templateOf(scope: Scope, input: PreviewInput): Promise<Template> {
    const template =
      input.template_id === undefined
        ? await templates.check(scope, input.template)
        : (await templates.get(scope, input.template_id, input.template_version)).template
    const dressed = await branded(scope.db, scope.workspaceId, template)
    if (dressed) return dressed
    const message = 'The template names a brand kit that was deleted.'
    throw invalid([{ pointer: '/template_id', code: 'unknown_brand', message }])
  }

  async function formatsOf(scope: Scope, input: PreviewInput, template: Template): Promise<Format[]> {
    const known = await formats.all(scope)
    const ids = [...new Set(input.formats ?? template.formats)]
    const faults = ids.flatMap((id, i): Fault[] =>
      known.has(id) ? [] : [{ pointer: `/formats/${i}`, code: 'unknown_format', message: `There is no format "${id}".` }],
    )
    if (faults.length > 0) throw invalid(faults)
    return ids.flatMap((id) => known.get(id) ?? [])
  }

  async function contextOf(
    scope: Scope,
    template: Template,
    wanted: readonly Format[],
    texts: VariantTexts,
  ): Promise<PlanContext> {
    const ids = [...mediaReferences(template).map((reference) => reference.id), ...texts.images].filter((id) => id !== null)
    const media = await loadMedia(scope.db, scope.workspaceId, [...new Set(ids)])
    const missing = [...new Set(ids)].filter((id) => !media[id])
    if (missing.length > 0) {
      throw invalid([
        { pointer: '/attributes', code: 'unknown_media', message: `There are no media ${missing.join(', ')} in this workspace.` },
      ])
    }
    const byId = Object.fromEntries(wanted.map((format) => [format.id, format]))
    return { template, formats: byId, media, models: [], aspects: aspectsOf(template, wanted) }
  }

  /** @throws invalid with the faults of the template, or of the attributes for it */
  async function create(scope: Scope, input: PreviewInput) {
    const template = await templateOf(scope, input)
    const wanted = await formatsOf(scope, input, template)
    const locale = canonicalLocale(input.locale)
    if (locale === undefined)
      throw invalid([{ pointer: '/locale', code: 'unknown_locale', message: 'Expected a locale like "es" or "es-MX".' }])
    const expanded = createExpander(template).expand({ key: input.segment_key, locale, attributes: input.attributes })
    if (expanded.status === 'invalid') throw invalid(expanded.errors)
    const { prompt, texts } = expanded
    const context = await contextOf(scope, template, wanted, texts)
    const clips = [{ sha256: noClip, seconds: template.clip.seconds }]
    const compositions = wanted.map(({ id }) => compositionOf({ context, texts, locale, format: id, clips }))
    const atSeconds = Math.min(input.at_seconds ?? busiestMoment(template), totalSeconds(template))
    const stills = await withAssets(assetsOf({ context, texts }), (paths) =>
      Promise.all(
        compositions.map(async (composition) =>
          presentStill(composition, await still(composition, paths, { atSeconds, guides: input.guides })),
        ),
      ),
    )
    return { object: 'preview' as const, prompts: [prompt], texts: { ...texts }, stills }
  }

  return { create }
}

export type Previews = ReturnType<typeof createPreviews>

/** The middle of the time in which most overlays are shown. */
function busiestMoment({ overlays, clip }: Template): number {
  const spans = overlays.map((overlay) => ({ from: overlay.from, to: overlay.to ?? clip.seconds }))
  const edges = [...new Set([0, clip.seconds, ...spans.flatMap(({ from, to }) => [from, to])])].toSorted((a, b) => a - b)
  const stretches = edges.slice(1).map((end, i) => ({ middle: (edges[i]! + end) / 2, length: end - edges[i]! }))
  const shown = (moment: number) => spans.filter(({ from, to }) => from <= moment && moment < to).length
  return stretches.toSorted((a, b) => shown(b.middle) - shown(a.middle) || b.length - a.length)[0]?.middle ?? 0
}

const presentStill = ({ format }: Composition, { jpeg, findings }: Still) => ({
  format: format.id,
  width: format.width,
  height: format.height,
  image: `data:image/jpeg;base64,${jpeg.toString('base64')}`,
  findings: findings.map((finding) => ({ ...finding })),
})
