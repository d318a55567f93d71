/**
 * The planner: a campaign's template × its audience's revision → variants, renditions and shots, and what they cost.
 * It writes page by page; a run that dies is started again from nothing, and until the last transaction nobody uses
 * what was written.
 */
import type { CampaignRow } from '#src/database/campaigns.ts'
import { transaction } from '#src/database/client.ts'
import * as rows from '#src/database/plans.ts'
import { matching } from '#src/database/segments.ts'
import { withSession } from '#src/database/session.ts'
import type { Terminal } from '#src/errors.ts'
import type { Lease } from '#src/queue/lease.ts'
import { fenced, holdLease, settled } from '#src/queue/work-items.ts'
import type { Json } from '#src/contracts/json.ts'
import { digestOf } from '../expansion/canonical.ts'
import { totalSeconds } from '../template/rules.ts'
import type { PlannerDependencies } from './ports.ts'
import { capProblem, renditionEstimate, type Finding, type PlanFailure, type PlanResult } from './rules.ts'
import { assess, samplesOf, type Assessment } from './service-assess.ts'
import { createContexts, type PlanBasis } from './service-context.ts'
import { createFinish, type PlanOutcome } from './service-finish.ts'
import { createPages } from './service-pages.ts'
import type { Tally } from './tally.ts'

export function createPlanner(deps: PlannerDependencies) {
  const { db, pool, card, pageSize = 2000 } = deps
  const contexts = createContexts(deps)
  const { finish, fail } = createFinish(deps)

  /** @throws LeaseLost; anything else is tried again */
  async function run(plan: rows.PlanRow, lease: Lease, signal: AbortSignal): Promise<PlanOutcome> {
    const campaign = await begin(plan, lease)
    if (!campaign) return await supersede(lease)
    const loaded = await contexts.load(campaign)
    if (loaded.status === 'failed') return await fail(plan, lease, loaded.error)
    const { basis } = loaded
    const where = matching(campaign.audience_id, campaign.audience_revision, basis.settings.segment_filter)
    const total = await rows.countSegments(db, where)
    if (total === 0) return await fail(plan, lease, nothingMatches(basis))
    const pages = createPages(deps, { basis, plan, lease, signal })
    await withSession(pool, async (session) => {
      for (let after: number | undefined = -1; after !== undefined;)
        after = await pages.next(session, where, after, pageSize, total)
    })
    await pages.measured()
    return await conclude(plan, lease, { ...basis, context: pages.context }, pages.tally)
  }

  /** Makes room: whatever an earlier plan or a run that died has written is removed. */
  async function begin(plan: rows.PlanRow, lease: Lease): Promise<CampaignRow | undefined> {
    return await transaction(db, async (trx) => {
      const campaign = await rows.lockPlanning(trx, plan)
      await holdLease(trx, lease, 'waiting')
      if (!campaign) return undefined
      await rows.clearPlanned(trx, campaign.id)
      await rows.clearInvalid(trx, plan.id)
      return campaign
    })
  }

  async function supersede(lease: Lease): Promise<PlanOutcome> {
    await fenced(db.updateTable('plans').set({ ...settled, status: 'superseded' }), lease, 'waiting')
    return { status: 'superseded' }
  }

  async function conclude(plan: rows.PlanRow, lease: Lease, basis: PlanBasis, tally: Tally): Promise<PlanOutcome> {
    const { counts } = tally
    const segments = { total: counts.valid + counts.invalid, valid: counts.valid, invalid: counts.invalid }
    const assessment = await assess(db, basis)
    const renditions = counts.valid * basis.settings.formats.length
    const problem =
      segmentsProblem(segments, basis) ?? capProblem(basis.settings, { generations: assessment.generations.distinct, renditions })
    if (problem) return await fail(plan, lease, problem, { segments })
    const result: PlanResult = {
      segments,
      variants: counts.valid,
      renditions,
      generations: assessment.generations,
      cost: {
        max_micro_usd: assessment.maxMicroUsd,
        saved_by_reuse_micro_usd: assessment.savedMicroUsd,
        naive_micro_usd: counts.naiveMicroUsd,
      },
      estimate: estimateOf(basis, counts.valid, assessment),
      findings: [...basis.findings, ...budgetFindings(basis, assessment), ...tally.findings()],
      samples: await samplesOf(db, basis, tally.samples),
    }
    const digest = planDigest(basis, result, assessment, card)
    return await finish(plan, lease, { basis, result, digest })
  }

  return {
    run,
    giveUp: (plan: rows.PlanRow, lease: Lease, { code, message }: Terminal) => fail(plan, lease, { code, message }),
  }
}

export type Planner = ReturnType<typeof createPlanner>

function nothingMatches({ settings }: PlanBasis): PlanFailure {
  if (settings.segment_filter === null)
    return { code: 'no_segments', message: 'The audience has no segments. Upload some, and plan again.' }
  return {
    code: 'filter_matches_nothing',
    message: `No segment matches segment_filter ${JSON.stringify(settings.segment_filter).slice(0, 500)}. Change it, and plan again.`,
  }
}

function segmentsProblem({ total, valid, invalid }: PlanResult['segments'], { settings }: PlanBasis): PlanFailure | undefined {
  if (valid === 0)
    return { code: 'no_valid_segments', message: `All ${total} segments are invalid; GET …/plan/invalid says why.` }
  if (settings.on_invalid === 'skip' || invalid === 0) return undefined
  return {
    code: 'invalid_segments',
    message: `${invalid} of ${total} segments are invalid and on_invalid is "fail"; GET …/plan/invalid says why.`,
  }
}

function budgetFindings({ campaign }: PlanBasis, { maxMicroUsd }: Assessment): Finding[] {
  const budget = campaign.budget_micro_usd
  if (budget === null || maxMicroUsd <= budget) return []
  const message = `At most ${maxMicroUsd} micro-USD may be needed; the budget is ${budget}. The campaign pauses when it is used up.`
  return [{ severity: 'warning', code: 'over_budget', message }]
}

function estimateOf({ settings, context }: PlanBasis, variants: number, { providerSeconds }: Assessment): PlanResult['estimate'] {
  const seconds = totalSeconds(context.template)
  const each = settings.formats.map((id) => renditionEstimate(context.formats[id]!, seconds))
  const sum = (of: (one: (typeof each)[number]) => number) =>
    Math.round(variants * each.reduce((total, one) => total + of(one), 0))
  return {
    provider_seconds: providerSeconds,
    composition_core_seconds: sum((one) => one.coreSeconds),
    output_bytes: sum((one) => one.bytes),
  }
}

/** Whatever decides what is bought and made: a launch names it, and buys exactly that or nothing. */
function planDigest(
  { campaign, settings, context, aspects }: PlanBasis,
  result: PlanResult,
  assessment: Assessment,
  card: PlannerDependencies['card'],
): string {
  const { template_id, template_version, audience_id, audience_revision } = campaign
  // As JSON, for a card has a function; its prices count through the plan's cost.
  const cards = JSON.parse(JSON.stringify(settings.models.map((id) => card(id)))) as Json
  const choices = [...aspects].map(([aspect, chosen]) => [aspect, chosen.map(({ index }) => index)])
  const { generations, cost, segments } = result
  const decides = {
    template_id,
    template_version,
    audience_id,
    audience_revision,
    settings,
    context,
    cards,
    choices,
    generations,
    cost,
    segments,
  }
  return `sha256:${digestOf({ ...decides, ownership: assessment.ownership })}`
}
