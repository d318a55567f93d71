/** Plans a campaign: the row is a plan that waits. What it does is domain/plan; here it only meets the worker. */
import type { PlanRow } from '#src/database/plans.ts'
import type { Planner } from '#src/domain/plan/service.ts'
import type { LogFields, WorkHandler } from './worker.ts'

export function createPlanHandler({ planner }: { readonly planner: Planner }): WorkHandler<PlanRow> {
  return {
    kind: 'plan',
    async handle(row, lease, { signal }): Promise<LogFields> {
      const outcome = await planner.run(row, lease, signal)
      const ids = { campaign_id: row.campaign_id, plan_revision: row.revision, outcome: outcome.status }
      if (outcome.status === 'failed') return { ...ids, code: outcome.error.code }
      if (outcome.status === 'superseded') return ids
      const { variants, renditions, generations, cost } = outcome.result
      return { ...ids, variants, renditions, generations: generations.distinct, cost_max_micro_usd: cost.max_micro_usd }
    },
    async giveUp(row, error, lease): Promise<void> {
      await planner.giveUp(row, lease, error)
    },
  }
}
