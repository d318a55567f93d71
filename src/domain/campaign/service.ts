/** Campaigns: one template version × one audience revision, planned before money moves, launched, paused, finished. */
import type { ModelCard } from '#src/contracts/model-card.ts'
import {
  type CampaignRow,
  deleteCampaign,
  endpointsOf,
  findCampaign,
  insertCampaign,
  listCampaigns,
  lockCampaign,
} from '#src/database/campaigns.ts'
import { type Db, transaction } from '#src/database/client.ts'
import { invalid, notFound, ServiceError } from '#src/errors.ts'
import type { Format } from '../format/rules.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import type { Template } from '../template/rules.ts'
import type { Link } from '../variant/service-present.ts'
import { type CampaignChanges, type CampaignInput, settingsOf } from './input.ts'
import { deletableStatuses } from './rules.ts'
import { createAudit } from './service-audit.ts'
import { createEditing } from './service-edit.ts'
import { createLifecycle, type LifecycleDependencies } from './service-lifecycle.ts'
import { manifestRows, type ManifestRow } from './service-manifest.ts'
import { createPlanning, invalidPage, type InvalidSegment, type PlanningDependencies, presentPlan } from './service-plan.ts'
import { type CampaignResource, presentCampaigns } from './service-present.ts'
import { chooseAudience, chooseTemplate, type SourcePorts } from './service-sources.ts'
import { settingsFaults } from './settings.ts'
import type { CampaignSettings } from './types.ts'

export interface CampaignDependencies extends SourcePorts, PlanningDependencies, Omit<LifecycleDependencies, 'planning'> {
  readonly formats: { all(scope: Scope): Promise<ReadonlyMap<string, Format>> }
  readonly registry: { card(model: string): ModelCard | undefined; cards(): readonly ModelCard[] }
  readonly link: Link
}

export function createCampaigns(deps: CampaignDependencies) {
  const { ids, now, formats, registry, link } = deps
  const planning = createPlanning(deps)
  const audit = createAudit(ids)
  const lifecycle = createLifecycle({ ...deps, planning, audit })
  const editing = createEditing({ ...deps, planning, audit, check })

  const show = async (db: Db, row: CampaignRow): Promise<CampaignResource> => (await presentCampaigns(db, [row]))[0]!

  /** @throws 422 with every fault at once */
  async function check(scope: Scope, settings: CampaignSettings, template: Template): Promise<void> {
    const models = registry.cards().map((card) => card.id)
    const around = {
      template,
      formats: await formats.all(scope),
      card: (model: string) => registry.card(model),
      models,
      now: new Date(now()),
    }
    const faults = settingsFaults(settings, around)
    if (faults.length > 0) throw invalid(faults)
  }

  /** Read inside a transaction is read to be changed: the ETag that is compared must still be the row's when it is written. */
  async function find(scope: Scope, id: string): Promise<CampaignRow> {
    const read = scope.db.isTransaction ? lockCampaign : findCampaign
    const row = await read(scope.db, scope.workspaceId, id)
    if (!row) throw notFound('campaign', id)
    return row
  }

  /** Runs a change of a locked campaign, and shows it as it is then. */
  async function change(scope: Scope, id: string, apply: (locked: Scope, row: CampaignRow) => Promise<CampaignRow>) {
    return await transaction(scope.db, async (trx) => {
      const locked = { ...scope, db: trx }
      return await show(trx, await apply(locked, await find(locked, id)))
    })
  }

  async function newestPlan(scope: Scope, id: string) {
    const plan = await planning.newest(scope.db, await find(scope, id))
    if (!plan) throw new ServiceError('not_found', 'The campaign has no plan yet. Plan it first.')
    return plan
  }

  return {
    /**
     * Inline template and segments become a template and an audience of their own; with `launch` all is done in one call.
     * @throws 422 with pointers; forbidden to launch without the scope `render`
     */
    async create(scope: Scope, input: CampaignInput, { mayRender = true } = {}): Promise<CampaignResource> {
      if (input.launch && !mayRender) {
        throw new ServiceError('forbidden', 'Launching needs a key with the scope "render". Create it with "launch": false.')
      }
      return await transaction(scope.db, async (trx) => {
        const inner = { ...scope, db: trx }
        const template = await chooseTemplate(deps, inner, input)
        const settings = settingsOf(input, template.template.formats)
        await check(inner, settings, template.template)
        const audience = await chooseAudience(deps, inner, input.name, input)
        const row = await insertCampaign(trx, {
          id: ids('campaign'),
          workspace_id: scope.workspaceId,
          name: input.name,
          template_id: template.id,
          template_version: template.version,
          audience_id: audience.id,
          audience_revision: audience.revision,
          settings: { ...settings },
          priority: input.priority,
          not_before: input.not_before === null ? null : new Date(input.not_before),
          budget_micro_usd: input.budget_micro_usd,
          metadata: { ...input.metadata },
          request_id: scope.requestId ?? null,
        })
        await audit(inner, 'campaign.created', row.id)
        return await show(trx, input.launch ? await planning.request(trx, row, { launch: true }) : row)
      })
    },

    /** Newest first. */
    async list(scope: Scope, page: PageRequest & { readonly status?: string | undefined }): Promise<Page<CampaignResource>> {
      const range = { before: decodeCursor(page.cursor), limit: page.limit + 1, status: page.status }
      const rows = await listCampaigns(scope.db, scope.workspaceId, range)
      const shown = new Map((await presentCampaigns(scope.db, rows.slice(0, page.limit))).map((c) => [c.id, c]))
      return pageOf(
        rows,
        page,
        (row) => row.id,
        (row) => shown.get(row.id)!,
      )
    },

    /** @throws not_found */
    get: async (scope: Scope, id: string): Promise<CampaignResource> => await show(scope.db, await find(scope, id)),

    /** A planned campaign becomes a draft again. @throws not_found, 422 for what may not change now */
    patch: (scope: Scope, id: string, input: CampaignChanges): Promise<CampaignResource> =>
      change(scope, id, (locked, row) => editing.apply(locked, row, input)),

    /** Only what was never launched. @throws not_found, conflict */
    async delete(scope: Scope, id: string): Promise<void> {
      await transaction(scope.db, async (trx) => {
        const row = await find({ ...scope, db: trx }, id)
        const allowed: readonly string[] = deletableStatuses
        if (!allowed.includes(row.status)) {
          throw new ServiceError(
            'conflict',
            `A campaign that is ${row.status} cannot be deleted; these can: ${allowed.join(', ')}.`,
          )
        }
        const endpoints = await endpointsOf(trx, id)
        if (endpoints.length > 0) {
          const named = endpoints.map((endpoint) => endpoint.id).join(', ')
          throw new ServiceError('conflict', `Webhook endpoints listen to this campaign: ${named}. Change or delete them first.`)
        }
        await deleteCampaign(trx, id)
        await audit({ ...scope, db: trx }, 'campaign.deleted', id)
      })
    },

    /** @throws not_found; conflict while it is being planned, or once it was launched */
    plan: (scope: Scope, id: string): Promise<CampaignResource> =>
      change(scope, id, (locked, row) => planning.request(locked.db, row, { launch: false })),

    /** The newest plan. @throws not_found */
    getPlan: async (scope: Scope, id: string) => presentPlan(await newestPlan(scope, id)),

    /** @throws not_found */
    invalidSegments: async (scope: Scope, id: string, page: PageRequest): Promise<Page<InvalidSegment>> =>
      await invalidPage(scope.db, (await newestPlan(scope, id)).id, page),

    /** @throws not_found; conflict; plan_changed with the difference */
    launch: (scope: Scope, id: string, input: { readonly plan_digest: string }): Promise<CampaignResource> =>
      change(scope, id, (locked, row) => lifecycle.launch(locked, row, input.plan_digest)),

    /**
     * For the planner, in the transaction that finishes a plan of a campaign with `launch_on_planned`.
     * The campaign's status is `planned` already.
     */
    async launchPlanned(db: Db, campaign: { readonly workspaceId: string; readonly id: string }): Promise<void> {
      const scope = { db, workspaceId: campaign.workspaceId, actor: 'system' }
      await lifecycle.launch(scope, await find(scope, campaign.id))
    },

    pause: (scope: Scope, id: string): Promise<CampaignResource> => change(scope, id, lifecycle.pause),
    /** @throws conflict when it is not paused, or its budget has no room */
    resume: (scope: Scope, id: string): Promise<CampaignResource> => change(scope, id, lifecycle.resume),
    /** What was submitted is followed to its end and kept; everything else stops. */
    cancel: (scope: Scope, id: string): Promise<CampaignResource> => change(scope, id, lifecycle.cancel),

    /** Every finished file, in the order of the audience. The caller makes sure that the campaign exists. */
    manifest: (scope: Scope, id: string): AsyncIterable<ManifestRow> => manifestRows(scope.db, scope.workspaceId, id, link),

    sweeps: lifecycle.sweeps,
  }
}

export type Campaigns = ReturnType<typeof createCampaigns>
