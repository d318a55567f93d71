/** What a campaign may do next, what may be changed when, and why it pauses. */
import type { Fault } from '#src/errors.ts'
import type { Transitions } from '../transitions.ts'

export const campaignStatuses = ['draft', 'planning', 'planned', 'plan_failed', 'rendering', 'completed', 'cancelled'] as const
export type CampaignStatus = (typeof campaignStatuses)[number]

export const campaignTransitions = {
  draft: ['planning'],
  planning: ['planned', 'plan_failed', 'draft', 'cancelled'],
  planned: ['rendering', 'planning', 'draft', 'cancelled'],
  plan_failed: ['planning', 'draft'],
  rendering: ['completed', 'cancelled'],
  // A retry, a new text or a new clip opens a finished campaign again.
  completed: ['rendering'],
  cancelled: [],
} as const satisfies Transitions<CampaignStatus>

/** `user`: asked for. `budget`: no room for the next clip. `overrun`: a vendor billed more than was reserved. */
export const pauseReasons = ['user', 'budget', 'overrun'] as const
export type PauseReason = (typeof pauseReasons)[number]

/** Nothing was ever bought for these, so they may go without a trace. */
export const deletableStatuses = ['draft', 'planned', 'plan_failed'] as const satisfies readonly CampaignStatus[]

/** What may still change once money flows: nothing that decides a file. */
const editableWhileRendering = ['budget_micro_usd', 'priority', 'not_before', 'on_uncertain', 'metadata'] as const
const editableWhenCancelled = ['metadata'] as const

type Editable = { readonly fields: 'all' | readonly string[]; readonly becomesDraft: boolean }

/** What a PATCH may touch, and whether it sends the campaign back to `draft` because its plan no longer holds. */
export const editing = {
  draft: { fields: 'all', becomesDraft: false },
  planning: { fields: 'all', becomesDraft: true },
  planned: { fields: 'all', becomesDraft: true },
  plan_failed: { fields: 'all', becomesDraft: true },
  rendering: { fields: editableWhileRendering, becomesDraft: false },
  completed: { fields: editableWhileRendering, becomesDraft: false },
  cancelled: { fields: editableWhenCancelled, becomesDraft: false },
} as const satisfies Record<CampaignStatus, Editable>

/** One fault for every field that may not be changed in this state. */
export function editFaults(status: CampaignStatus, fields: readonly string[]): Fault[] {
  const { fields: allowed }: Editable = editing[status]
  if (allowed === 'all') return []
  return fields
    .filter((field) => !allowed.includes(field))
    .map((field) => ({
      pointer: `/${field}`,
      code: 'not_editable',
      message: `"${field}" cannot be changed while the campaign is ${status}; these can: ${allowed.join(', ')}.`,
    }))
}

/** Money is spent for a campaign, and its files are made, only in this state with no reason to pause. */
export const isActive = (campaign: { status: string; pause_reasons: readonly string[] }): boolean =>
  campaign.status === 'rendering' && campaign.pause_reasons.length === 0

export interface BudgetState {
  readonly budget_micro_usd: number | null
  readonly reserved_micro_usd: number
  readonly spent_micro_usd: number
}

/** Room for at least something. A campaign without a budget always has room. */
export const hasRoom = (c: BudgetState): boolean =>
  c.budget_micro_usd === null || c.reserved_micro_usd + c.spent_micro_usd < c.budget_micro_usd

/** A budget below what is already committed could only be broken. */
export function budgetFaults(campaign: BudgetState, budget: number | null | undefined): Fault[] {
  const committed = campaign.reserved_micro_usd + campaign.spent_micro_usd
  if (budget === null || budget === undefined || budget >= committed) return []
  return [
    {
      pointer: '/budget_micro_usd',
      code: 'budget_below_committed',
      message: `${committed} micro-USD are already spent or reserved; the budget cannot be lower.`,
    },
  ]
}
