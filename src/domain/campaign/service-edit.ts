/** PATCH: which fields may change in which state is data (rules.ts); here is what a change leads to. */
import { type CampaignRow, updateCampaign } from '#src/database/campaigns.ts'
import { invalid } from '#src/errors.ts'
import { nudge } from '#src/queue/top-up.ts'
import type { Scope } from '../scope.ts'
import type { Template } from '../template/rules.ts'
import { type CampaignChanges, changedSettings } from './input.ts'
import { budgetFaults, type CampaignStatus, editFaults, editing, hasRoom } from './rules.ts'
import type { Audit } from './service-audit.ts'
import type { Planning } from './service-plan.ts'
import { chooseAudience, chooseTemplate, type SourcePorts } from './service-sources.ts'
import type { CampaignSettings } from './types.ts'

interface EditDependencies extends SourcePorts {
  readonly planning: Pick<Planning, 'supersede'>
  readonly audit: Audit
  /** @throws 422 for settings that do not fit */
  readonly check: (scope: Scope, settings: CampaignSettings, template: Template) => Promise<void>
}

const given = (input: CampaignChanges): string[] =>
  Object.entries(input).flatMap(([field, value]) => (value === undefined ? [] : [field]))

export function createEditing(deps: EditDependencies) {
  /** Template, audience and settings, checked against each other; only before the launch. */
  async function recompose(scope: Scope, row: CampaignRow, input: CampaignChanges) {
    const template_id = input.template_id ?? row.template_id
    const keepsVersion = input.template_id === undefined && input.template_version === undefined
    const template_version = keepsVersion ? row.template_version : input.template_version
    const template = await chooseTemplate(deps, scope, { template_id, template_version })
    const settings = changedSettings(row.settings as unknown as CampaignSettings, input)
    await deps.check(scope, settings, template.template)
    const audience = input.audience_id === undefined ? undefined : await chooseAudience(deps, scope, row.name, input)
    return {
      template_id: template.id,
      template_version: template.version,
      settings: { ...settings },
      ...(audience && { audience_id: audience.id, audience_revision: audience.revision }),
    }
  }

  /** While it renders, of the settings only the policy for lost answers may change, which needs no check. */
  const repolicy = (row: CampaignRow, input: CampaignChanges) => ({
    settings: { ...changedSettings(row.settings as unknown as CampaignSettings, { on_uncertain: input.on_uncertain }) },
  })

  const plainChanges = (input: CampaignChanges) => ({
    ...(input.name !== undefined && { name: input.name }),
    ...(input.budget_micro_usd !== undefined && { budget_micro_usd: input.budget_micro_usd }),
    ...(input.priority !== undefined && { priority: input.priority }),
    ...(input.not_before !== undefined && { not_before: input.not_before === null ? null : new Date(input.not_before) }),
    ...(input.metadata !== undefined && { metadata: { ...input.metadata } }),
  })

  /** Of a locked campaign. @throws 422 for fields that may not change now, and for values that do not fit */
  async function apply(scope: Scope, row: CampaignRow, input: CampaignChanges): Promise<CampaignRow> {
    const fields = given(input)
    if (fields.length === 0) return row
    const status = row.status as CampaignStatus
    const faults = [...editFaults(status, fields), ...budgetFaults(row, input.budget_micro_usd)]
    if (faults.length > 0) throw invalid(faults)
    const { fields: editable, becomesDraft } = editing[status]
    const deeper = editable === 'all' ? await recompose(scope, row, input) : repolicy(row, input)
    if (becomesDraft) await deps.planning.supersede(scope.db, row.id)
    const back = becomesDraft ? { status: 'draft', launch_on_planned: false } : {}
    const changed = await updateCampaign(scope.db, row.id, { ...plainChanges(input), ...deeper, ...back })
    await deps.audit(scope, 'campaign.changed', row.id)
    return await afterChange(scope, changed, input)
  }

  /** Room in the budget takes the reason `budget` away. */
  async function afterChange(scope: Scope, row: CampaignRow, input: CampaignChanges): Promise<CampaignRow> {
    await nudge(scope.db, 'generate')
    await nudge(scope.db, 'compose')
    const exhausted = row.pause_reasons.includes('budget')
    if (input.budget_micro_usd === undefined || !exhausted || !hasRoom(row)) return row
    return await updateCampaign(scope.db, row.id, { pause_reasons: row.pause_reasons.filter((reason) => reason !== 'budget') })
  }

  return { apply }
}
