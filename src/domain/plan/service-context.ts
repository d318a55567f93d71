/** What a plan starts from: the campaign's template version, formats, media and models, copied so that later edits do not touch them. */
import type { CampaignRow } from '#src/database/campaigns.ts'
import { findMediaByIds } from '#src/database/media.ts'
import { findTemplate } from '#src/database/templates.ts'
import type { Db } from '#src/database/client.ts'
import { branded } from '../brand/service-apply.ts'
import type { CampaignSettings, PlanContext } from '../campaign/types.ts'
import { aspectsOf, shotOf } from '../expansion/shot.ts'
import { durationProblem, mediaReferences, totalSeconds, type Template } from '../template/rules.ts'
import type { PlanMedia, PlannerDependencies } from './ports.ts'
import { chooseModels, mixProblem, type Choices, type Finding, type ModelChoice, type PlanFailure } from './rules.ts'

export interface PlanBasis {
  readonly campaign: CampaignRow
  readonly settings: CampaignSettings
  readonly context: PlanContext
  /** Distinct aspect ratios of the clips, and which models make each. */
  readonly aspects: ReadonlyMap<string, readonly ModelChoice[]>
  readonly findings: readonly Finding[]
}

export type Basis =
  | { readonly status: 'ok'; readonly basis: PlanBasis }
  | { readonly status: 'failed'; readonly error: PlanFailure }

const failed = (code: string, message: string): Basis => ({ status: 'failed', error: { code, message } })

/** Media by id, for those that exist. */
export async function loadMedia(
  db: Db,
  workspaceId: string,
  ids: readonly string[],
): Promise<Record<string, PlanMedia & { kind: string }>> {
  const rows = await findMediaByIds(db, workspaceId, ids)
  return Object.fromEntries(
    rows.map(({ id, kind, sha256, file_id, object_key, media_type }) => [id, { kind, sha256, file_id, object_key, media_type }]),
  )
}

export function createContexts({ db, card, formats, now }: Pick<PlannerDependencies, 'db' | 'card' | 'formats' | 'now'>) {
  async function templateOf({ workspace_id, template_id, template_version }: CampaignRow): Promise<Template> {
    const row = await findTemplate(db, workspace_id, template_id, template_version)
    if (!row) throw new Error(`The campaign's template ${template_id} has no version ${template_version}.`)
    return row.spec as unknown as Template
  }

  async function formatsOf({ workspace_id }: CampaignRow, settings: CampaignSettings, template: Template) {
    const all = await formats.all({ workspaceId: workspace_id, db, actor: 'system' })
    const seconds = totalSeconds(template)
    const wanted = settings.formats.map((id) => ({ id, format: all.get(id) }))
    const problems = wanted.flatMap(({ id, format }) =>
      format ? (durationProblem(format, seconds) ?? []) : `There is no format "${id}" any more.`,
    )
    return { formats: wanted.flatMap(({ format }) => format ?? []), problem: problems.join(' ') }
  }

  /** Copies everything; a fault that only shows now (a deleted medium, a model that ended) fails the plan in words. */
  async function load(campaign: CampaignRow): Promise<Basis> {
    const settings = campaign.settings as unknown as CampaignSettings
    const template = await branded(db, campaign.workspace_id, await templateOf(campaign))
    if (!template) return failed('unknown_brand', 'The template names a brand kit that was deleted.')
    const { formats: wanted, problem } = await formatsOf(campaign, settings, template)
    if (problem !== '') return failed('format_unusable', problem)
    const references = [...new Set(mediaReferences(template).map((reference) => reference.id))]
    const media = await loadMedia(db, campaign.workspace_id, references)
    const missing = references.filter((id) => !media[id])
    if (missing.length > 0) return failed('unknown_media', `The template names media that were deleted: ${missing.join(', ')}.`)
    const context: PlanContext = {
      template,
      formats: Object.fromEntries(wanted.map((format) => [format.id, format])),
      media: withoutKinds(media),
      models: settings.models,
      aspects: aspectsOf(template, wanted),
    }
    return modelsOf(campaign, settings, context)
  }

  function modelsOf(campaign: CampaignRow, settings: CampaignSettings, context: PlanContext): Basis {
    const mixed = mixProblem(settings.models, card)
    if (mixed) return { status: 'failed', error: mixed }
    const aspects = [...new Set(Object.values(context.aspects))]
    const choices = aspects.map((aspect): [string, Choices] => {
      const spec = shotOf(context, 'any', aspect)
      return [aspect, chooseModels(settings.models, spec, card, new Date(now()))]
    })
    for (const [, choice] of choices) if (choice.status === 'failed') return choice
    const chosen = choices.flatMap(([aspect, choice]) => (choice.status === 'chosen' ? [{ aspect, ...choice }] : []))
    const findings = new Map(chosen.flatMap((choice) => choice.findings.map((finding) => [JSON.stringify(finding), finding])))
    const byAspect = new Map(chosen.map(({ aspect, choices }) => [aspect, choices]))
    return { status: 'ok', basis: { campaign, settings, context, aspects: byAspect, findings: [...findings.values()] } }
  }

  return { load }
}

const withoutKinds = (media: Record<string, PlanMedia & { kind: string }>): Record<string, PlanMedia> =>
  Object.fromEntries(
    Object.entries(media).map(([id, { sha256, file_id, object_key, media_type }]) => [
      id,
      { sha256, file_id, object_key, media_type },
    ]),
  )
