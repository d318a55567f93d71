/**
 * A provider that misbehaves at random and workers that die at random, and then the books: every job of the vendor is
 * settled once, every attempt has at most one job, every variant one outcome. Replay with SEED=<the printed number>.
 */
import type { Attempt, PollOutcome, SubmitOutcome } from '#src/contracts/clip-provider.ts'
import { attemptForProvider } from '#src/domain/generation/service-submit.ts'
import { Terminal } from '#src/errors.ts'
import { createCore } from '#test/support/core.ts'
import { clipCost, fault } from '#test/support/fake-provider.ts'
import { addPlannedCampaign } from '#test/support/planned-campaign.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'

const core = await createCore()
const { db, sim, campaigns, clock } = core
afterAll(() => core.close())

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const random = seeded(seed)
const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!

/** What the vendor bills, by attempt. */
const bill = new Map<string, number>()

const accept = (attempt: Attempt): SubmitOutcome => ({
  kind: 'accepted',
  jobRef: { id: sim.take(attempt) },
  replayed: false,
  evidence: {},
})
const submits: readonly ((attempt: Attempt) => SubmitOutcome)[] = [
  accept,
  accept,
  accept,
  (attempt) => (sim.take(attempt), { kind: 'ambiguous', error: fault('network') }),
  () => ({ kind: 'ambiguous', error: fault('timeout') }),
  () => ({ kind: 'not-sent', error: fault('network', true) }),
  () => ({ kind: 'refused', error: fault('rate_limited', true), evidence: {} }),
  (attempt) => {
    const billed = random() < 0.5
    if (billed) bill.set(attempt.id, clipCost)
    return { kind: 'refused', error: fault('moderation_input', false, { billed }), evidence: {} }
  },
]

/** A job ends in one way, however often it is asked for. */
const ends = new Map<string, PollOutcome>()
function endOf(ref: string, attempt: Attempt): PollOutcome {
  const known = ends.get(ref)
  if (known) return known
  const cost = pick(clipCost, clipCost / 2)
  const end: PollOutcome = pick<PollOutcome>(
    { kind: 'succeeded', outputs: [{ kind: 'video', handle: 'v' }], costMicroUsd: cost },
    { kind: 'succeeded', outputs: [{ kind: 'video', handle: 'v' }], costMicroUsd: cost },
    { kind: 'failed', error: fault('moderation_output'), costMicroUsd: cost },
    { kind: 'failed', error: fault('capacity', true), costMicroUsd: 0 },
  )
  bill.set(attempt.id, end.kind === 'failed' ? (end.costMicroUsd ?? 0) : cost)
  ends.set(ref, end)
  return end
}

test(`the books are right after 24 clips of a bad vendor and dying workers (SEED=${seed})`, async () => {
  sim.orders.submit = async (attempt) => pick(...submits)(attempt)
  sim.orders.poll = async (ref, attempt) =>
    random() < 0.3
      ? pick<PollOutcome>({ kind: 'running' }, { kind: 'transient', error: fault('vendor_internal', true) })
      : endOf(ref, attempt)
  const open = sim.orders.open
  sim.orders.open = async (ref) => {
    if (random() < 0.2) throw pick(new Error('reset'), new Terminal('result_expired', 'Gone.'))
    return await open(ref)
  }
  core.compositor.orders.probe = async () => {
    if (random() < 0.1) throw new Terminal('bad_clip', 'Not a video.')
    return { seconds: 6, width: 180, height: 320, fps: 30, hasAudio: false, videoCodec: 'h264' }
  }
  core.compositor.orders.beforeCompose = async () => {
    if (random() < 0.1) throw pick(new Error('child lost'), new Terminal('qa_failed', 'Black.'))
  }

  const scope = await createTestWorkspace(db)
  const prompts = Array.from({ length: 24 }, (_, i) => `cup ${i}`)
  const options = { workspaceId: scope.workspaceId, models: ['sim/one', 'sim/two'], segmentsPerPrompt: 2 }
  const made = [
    await addPlannedCampaign(db, { ...options, prompts }),
    await addPlannedCampaign(db, { ...options, prompts: prompts.slice(12) }),
  ]
  for (const { id, digest } of made) await campaigns.launch(scope, id, { plan_digest: digest })

  const statuses = async () => await Promise.all(made.map(async ({ id }) => (await campaigns.get(scope, id)).status))
  for (let round = 0; round < 200 && (await statuses()).includes('rendering'); round++) {
    // Workers that die: their rows stay as they are, and their leases run out.
    if (random() < 0.3) await killSome()
    await core.round()
    clock.now += 61_000
  }
  expect(await statuses()).toEqual(['completed', 'completed'])

  const attempts = await db.selectFrom('attempts').selectAll().where('workspace_id', '=', scope.workspaceId).execute()
  const jobs = Map.groupBy([...sim.jobs.values()], (job) => job.attempt.id)
  for (const [id, own] of jobs) expect([id, own.length]).toEqual([id, 1])
  for (const attempt of attempts) {
    expect([attempt.id, attempt.cost_micro_usd ?? 0]).toEqual([attempt.id, bill.get(attempt.id) ?? 0])
    expect(sim.submissions.filter(({ id }) => id === attempt.id).length).toBeLessThanOrEqual(1)
  }
  const { rows } = await sql<{ spent: number; reserved: number }>`
    select coalesce(sum(micro_usd) filter (where kind = 'settle'), 0)::bigint as spent,
      coalesce(sum(micro_usd) filter (where kind in ('reserve', 'release')), 0)::bigint as reserved
    from ledger where workspace_id = ${scope.workspaceId}`.execute(db)
  const billed = [...bill.values()].reduce((sum, cost) => sum + cost, 0)
  expect(rows[0]).toEqual({ spent: billed, reserved: 0 })

  const variants = await db
    .selectFrom('variants')
    .select(['id', 'status'])
    .where('workspace_id', '=', scope.workspaceId)
    .execute()
  expect(variants).toHaveLength(72)
  const events = await sql<{ subject_id: string; type: string }>`
    select subject_id, type from events where workspace_id = ${scope.workspaceId} and type like 'variant.%'`.execute(db)
  const outcomes = new Map(events.rows.map((event) => [event.subject_id, event.type]))
  expect(events.rows).toHaveLength(72)
  for (const { id, status } of variants) expect(outcomes.get(id)).toBe(`variant.${status}`)
})

/** A process that got as far as the attempt, and no further. */
async function killSome(): Promise<void> {
  await core.skipWaits()
  const planned = await sql<{ id: string }>`select id from generations where status = 'planned' order by id limit 3`.execute(db)
  for (const { id } of planned.rows) {
    const claim = await core.workItems.claim('generate', id)
    if (!claim) continue
    const begun = await core.generations.submit.begin(claim.row, claim.lease)
    // The vendor took the job, or the request never left. (A refusal that is billed and lost can be known to nobody.)
    if (begun.kind === 'send' && random() < 0.5) sim.take(attemptForProvider(begun.attempt))
    await core.workItems.release(claim.lease)
  }
}
