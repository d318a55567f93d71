/** Every answer a provider can give, through the real worker, poller and database, and where the money is afterwards. */
import type { GenerationResource } from '#src/domain/generation/service-present.ts'
import type { PollOutcome, SubmitOutcome } from '#src/contracts/clip-provider.ts'
import type { Scope } from '#src/domain/scope.ts'
import { Terminal } from '#src/errors.ts'
import { createCore } from '#test/support/core.ts'
import { clipCost, fault } from '#test/support/fake-provider.ts'
import { addPlannedCampaign, type PlannedOptions } from '#test/support/planned-campaign.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { createGenerateHandler } from '#workers/generate.ts'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

const core = await createCore()
const { db, sim, campaigns, generations, clock } = core
const usual = { ...sim.orders, ...core.compositor.orders }
afterAll(() => core.close())

let scope: Scope
beforeEach(async () => {
  Object.assign(sim.orders, usual)
  Object.assign(core.compositor.orders, usual)
  sim.submissions.length = 0
  core.faults.length = 0
  clock.now = Date.now()
  scope = await createTestWorkspace(db)
})

async function launch(options: Partial<PlannedOptions> = {}): Promise<string> {
  const { id, digest } = await addPlannedCampaign(db, { workspaceId: scope.workspaceId, ...options })
  await campaigns.launch(scope, id, { plan_digest: digest })
  return id
}

const all = async (): Promise<readonly GenerationResource[]> => (await generations.list(scope, { limit: 100 })).data
const only = async (): Promise<GenerationResource> => {
  const found = await all()
  expect(found).toHaveLength(1)
  return found[0]!
}
const money = async (id: string) => (await campaigns.get(scope, id)).spend
const eventsOf = async (type: string) => (await core.events.list(scope, { limit: 100 }, { type })).data

/** The ledger's sums are the campaign's figures, always. */
async function ledgerAgrees(id: string): Promise<void> {
  const { rows } = await sql<{ reserved: number; spent: number }>`
    select coalesce(sum(micro_usd) filter (where kind in ('reserve', 'release')), 0)::bigint as reserved,
      coalesce(sum(micro_usd) filter (where kind in ('settle', 'adjust')), 0)::bigint as spent
    from ledger where campaign_id = ${id}`.execute(db)
  const { reserved_micro_usd, spent_micro_usd } = await money(id)
  expect(rows[0]).toEqual({ reserved: reserved_micro_usd, spent: spent_micro_usd })
}

const once = (outcome: SubmitOutcome) => {
  let first = true
  sim.orders.submit = async (attempt) => {
    if (!first) return await usual.submit(attempt)
    first = false
    return outcome
  }
}

test('a clip is bought once, settled at its price, stored, and its campaign ends', async () => {
  const id = await launch({ segmentsPerPrompt: 3, prompts: ['a cup', 'a train'] })
  await core.settle()
  expect(core.faults).toEqual([])
  const clip = (await all()).find((generation) => generation.prompt === 'a train')
  expect(clip).toMatchObject({ status: 'ready', cost_micro_usd: clipCost, clip: { bytes: 'clip of a train'.length } })
  expect(clip?.attempts.map((attempt) => attempt.status)).toEqual(['succeeded'])
  expect(sim.submissions).toHaveLength(2)
  expect(await money(id)).toEqual({ reserved_micro_usd: 0, spent_micro_usd: 2 * clipCost, saved_micro_usd: 0 })
  await ledgerAgrees(id)
  const done = await campaigns.get(scope, id)
  expect(done).toMatchObject({ status: 'completed', counts: { variants: { ready: 6 }, generations: { ready: 2 } } })
  expect(await eventsOf('generation.ready')).toHaveLength(2)
  expect(await eventsOf('campaign.completed')).toHaveLength(1)
})

describe('what an answer to a submission means', () => {
  test('not sent: sent again, as a new attempt', async () => {
    once({ kind: 'not-sent', error: fault('network', true) })
    const id = await launch()
    await core.settle()
    const { status, attempts } = await only()
    expect([status, ...attempts.map((a) => a.status)]).toEqual(['ready', 'not_sent', 'succeeded'])
    expect((await money(id)).spent_micro_usd).toBe(clipCost)
    await ledgerAgrees(id)
  })

  test('refused for now (429): sent again after the time it names', async () => {
    once({ kind: 'refused', error: fault('rate_limited', true, { retryAfterMs: 90_000 }), evidence: {} })
    await launch()
    await core.topUp.tick()
    await core.round()
    const waiting = await db
      .selectFrom('generations')
      .select(['status', 'due_at'])
      .where('workspace_id', '=', scope.workspaceId)
      .executeTakeFirstOrThrow()
    expect(waiting.status).toBe('planned')
    await core.settle()
    expect((await only()).attempts.map((a) => a.status)).toEqual(['refused', 'succeeded'])
  })

  test.each([
    ['unbilled', fault('moderation_input'), 0],
    ['billed', fault('moderation_input', false, { billed: true }), clipCost],
  ])('refused for good, %s: failed with its code, and its variants with it', async (_, error, cost) => {
    sim.orders.submit = async () => ({ kind: 'refused', error, evidence: { status: 400 } })
    const id = await launch({ segmentsPerPrompt: 2 })
    await core.settle()
    expect(await only()).toMatchObject({ status: 'failed', error: { code: 'moderation_input' }, cost_micro_usd: cost })
    expect(await money(id)).toMatchObject({ reserved_micro_usd: 0, spent_micro_usd: cost })
    await ledgerAgrees(id)
    const { data } = await core.variants.list(scope, { limit: 10, campaign_id: id })
    expect(data.map((v) => [v.status, v.error?.code, v.renditions[0]?.error?.code])).toEqual([
      ['failed', 'moderation_input', 'moderation_input'],
      ['failed', 'moderation_input', 'moderation_input'],
    ])
    expect((await campaigns.get(scope, id)).status).toBe('completed')
    expect(await eventsOf('variant.failed')).toHaveLength(2)
  })

  test('ambiguous, and the vendor has the job: found, not bought again', async () => {
    sim.orders.submit = async (attempt) => {
      sim.take(attempt)
      return { kind: 'ambiguous', error: fault('network') }
    }
    const before = sim.jobs.size
    const id = await launch()
    await core.settle()
    expect((await only()).attempts.map((a) => a.status)).toEqual(['succeeded'])
    expect(sim.jobs.size - before).toBe(1)
    expect((await money(id)).spent_micro_usd).toBe(clipCost)
  })

  test('ambiguous, and the vendor has no job: believed after 120 s and twice, then sent again', async () => {
    once({ kind: 'ambiguous', error: fault('timeout') })
    await launch()
    await core.settle(6)
    expect((await only()).status).toBe('submitting')
    expect(sim.submissions).toHaveLength(1)
    clock.now += 121_000
    await core.settle()
    expect((await only()).attempts.map((a) => a.status)).toEqual(['absent', 'succeeded'])
    expect(sim.submissions).toHaveLength(2)
  })

  test('ambiguous where nothing can be found: uncertain, its money stays reserved, and nobody falls back', async () => {
    once({ kind: 'ambiguous', error: fault('timeout'), evidence: { status: 502 } })
    const id = await launch({ models: ['sim/blind', 'sim/one'] })
    sim.orders.recover = async () => ({ kind: 'undetermined', reason: 'No list.' })
    await core.settle()
    const lost = await only()
    expect(lost).toMatchObject({ status: 'uncertain', attempts: [{ status: 'uncertain', evidence: { status: 502 } }] })
    expect(await campaigns.get(scope, id)).toMatchObject({
      status: 'rendering',
      needs_attention: true,
      counts: { uncertain: 1 },
      spend: { reserved_micro_usd: clipCost, spent_micro_usd: 0 },
    })
    expect(await eventsOf('generation.uncertain')).toHaveLength(1)
    expect(sim.submissions).toHaveLength(1)
  })
})

describe('an uncertain generation', () => {
  async function loseAnswer(options: Partial<PlannedOptions> = {}): Promise<string> {
    once({ kind: 'ambiguous', error: fault('timeout') })
    sim.orders.recover = async () => ({ kind: 'undetermined', reason: 'No list.' })
    const id = await launch({ models: ['sim/blind'], ...options })
    await core.settle()
    return id
  }

  test('attached to the job that a person found goes on to its clip', async () => {
    const id = await loseAnswer()
    const [job] = [sim.take(sim.submissions[0]!)]
    const resolved = await generations.resolve(scope, (await only()).id, { action: 'attach', job_ref: { id: job } })
    expect(resolved.status).toBe('running')
    await core.settle()
    expect((await only()).status).toBe('ready')
    expect(await money(id)).toMatchObject({ reserved_micro_usd: 0, spent_micro_usd: clipCost })
    await ledgerAgrees(id)
  })

  test('bought again keeps the old reservation', async () => {
    const id = await loseAnswer()
    await generations.resolve(scope, (await only()).id, { action: 'resubmit' })
    await core.settle()
    expect((await only()).attempts.map((a) => a.status)).toEqual(['superseded', 'succeeded'])
    expect(await money(id)).toMatchObject({ reserved_micro_usd: clipCost, spent_micro_usd: clipCost })
    await ledgerAgrees(id)
    expect((await campaigns.get(scope, id)).status).toBe('completed')
  })

  test('given up releases its reservation, and its variants fail where no model is left', async () => {
    const id = await loseAnswer()
    await generations.resolve(scope, (await only()).id, { action: 'abandon' })
    await core.settle()
    expect(await money(id)).toMatchObject({ reserved_micro_usd: 0, spent_micro_usd: 0 })
    expect(await campaigns.get(scope, id)).toMatchObject({ status: 'completed', counts: { variants: { failed: 1 } } })
    await ledgerAgrees(id)
  })

  test('is resolved once, and only with what the decision needs', async () => {
    await loseAnswer()
    const { id } = await only()
    await expect(generations.resolve(scope, id, { action: 'attach' })).rejects.toMatchObject({ code: 'invalid' })
    await generations.resolve(scope, id, { action: 'abandon' })
    await expect(generations.resolve(scope, id, { action: 'resubmit' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('is bought again by itself, once, where the campaign says so', async () => {
    once({ kind: 'ambiguous', error: fault('timeout') })
    sim.orders.submit = async () => ({ kind: 'ambiguous', error: fault('timeout') })
    sim.orders.recover = async () => ({ kind: 'undetermined', reason: 'No list.' })
    await launch({ models: ['sim/blind'], settings: { on_uncertain: 'resubmit' } })
    await core.settle()
    expect(await only()).toMatchObject({ status: 'uncertain' })
    expect((await only()).attempts.map((a) => a.status)).toEqual(['superseded', 'uncertain'])
  })
})

describe('a running job', () => {
  test('is polled through transient faults', async () => {
    let polls = 0
    sim.orders.poll = async (ref, attempt) => {
      polls++
      if (polls === 1) return { kind: 'transient', error: fault('vendor_internal', true) }
      return polls === 2 ? { kind: 'running', progress: 0.5 } : await usual.poll(ref, attempt)
    }
    await launch()
    await core.settle()
    expect((await only()).status).toBe('ready')
    expect(polls).toBe(3)
  })

  test('that the provider forgot is uncertain, not failed', async () => {
    sim.orders.poll = async () => ({ kind: 'forgotten' })
    const id = await launch()
    await core.settle()
    expect((await only()).status).toBe('uncertain')
    expect((await money(id)).reserved_micro_usd).toBe(clipCost)
  })

  test('that fails is followed by the next model, and the shot is repointed', async () => {
    sim.orders.poll = async (ref, attempt) =>
      attempt.model === 'sim/one'
        ? { kind: 'failed', error: fault('moderation_output', false, { billed: true }) }
        : await usual.poll(ref, attempt)
    const id = await launch({ models: ['sim/one', 'sim/two'] })
    await core.settle()
    const [second, first] = await all()
    expect([first?.model, first?.status, second?.model, second?.status]).toEqual(['sim/one', 'failed', 'sim/two', 'ready'])
    const { data } = await core.variants.list(scope, { limit: 1, campaign_id: id })
    expect(data[0]).toMatchObject({ status: 'ready', shots: [{ generation_id: second?.id }] })
    expect((await money(id)).spent_micro_usd).toBe(2 * clipCost)
    await ledgerAgrees(id)
  })

  test('that fails for a passing reason and unbilled is tried again, three times in all', async () => {
    sim.orders.poll = async () => ({ kind: 'failed', error: fault('capacity', true) })
    await launch()
    await core.settle()
    expect(await only()).toMatchObject({ status: 'failed', cost_micro_usd: 0 })
    expect(sim.submissions).toHaveLength(3)
  })

  test('billed above its reservation is booked in full and pauses the campaign', async () => {
    sim.orders.poll = async () => ({ kind: 'succeeded', outputs: [{ kind: 'video', handle: 'v' }], costMicroUsd: 3 * clipCost })
    const id = await launch({ prompts: ['a', 'b'] })
    await core.settle()
    const paused = await campaigns.get(scope, id)
    expect(paused.pause_reasons).toEqual(['overrun'])
    expect(paused.spend.spent_micro_usd).toBe(3 * clipCost * (await all()).filter((g) => g.cost_micro_usd > 0).length)
    expect(await eventsOf('campaign.overrun')).toHaveLength(1)
    await ledgerAgrees(id)
  })
})

describe('the bytes of a clip', () => {
  test('that no decoder opens are fetched three times, then failed and billed', async () => {
    let probes = 0
    core.compositor.orders.probe = async () => {
      probes++
      throw new Terminal('bad_clip', 'No video in it.')
    }
    const id = await launch()
    await core.settle()
    expect(probes).toBe(3)
    expect(await only()).toMatchObject({ status: 'failed', error: { code: 'bad_clip' }, cost_micro_usd: clipCost })
    expect((await money(id)).spent_micro_usd).toBe(clipCost)
  })

  test('that break off count as bad too', async () => {
    sim.orders.open = async () => ({
      body: new Blob(['half']).stream() as ReadableStream<Uint8Array>,
      mediaType: 'video/mp4',
      bytes: 8,
    })
    await launch()
    await core.settle()
    expect(await only()).toMatchObject({ status: 'failed', error: { code: 'bad_clip', message: '4 of 8 bytes came.' } })
  })

  test('behind an expired link get one more poll', async () => {
    let opened = 0
    sim.orders.open = async (ref) => {
      if (++opened === 1) throw new Terminal('result_expired', 'Gone.')
      return await usual.open(ref)
    }
    const id = await launch()
    await core.settle()
    expect((await only()).status).toBe('ready')
    expect((await money(id)).spent_micro_usd).toBe(clipCost)
    await ledgerAgrees(id)
  })

  test('behind a link that expires again are failed, and billed once', async () => {
    sim.orders.open = async () => {
      throw new Terminal('result_expired', 'Gone.')
    }
    const id = await launch()
    await core.settle()
    expect(await only()).toMatchObject({ status: 'failed', error: { code: 'result_expired' } })
    expect((await money(id)).spent_micro_usd).toBe(clipCost)
  })
})

describe('a clip that was paid for', () => {
  test.each([
    ['is forgotten', async (): Promise<PollOutcome> => ({ kind: 'forgotten' })],
    ['is said to have failed', async (): Promise<PollOutcome> => ({ kind: 'failed', error: fault('vendor_internal', true) })],
  ])('and %s when it is asked for again is failed, and never bought twice', async (_what, second) => {
    const id = await launch()
    let polls = 0
    sim.orders.poll = (ref, attempt) => (polls++ === 0 ? usual.poll(ref, attempt) : second())
    sim.orders.open = () => Promise.reject(new Terminal('result_expired', 'The link has expired.'))
    await core.settle()
    expect(await only()).toMatchObject({ status: 'failed', error: { code: 'result_expired', billed: true } })
    expect(sim.submissions).toHaveLength(1)
    expect(await money(id)).toMatchObject({ reserved_micro_usd: 0, spent_micro_usd: clipCost })
    await ledgerAgrees(id)
  })
})

describe('an answer', () => {
  test('that cannot be written down at first is written down later, not lost', async () => {
    await launch({ models: ['sim/blind'] })
    const { id } = await only()
    let failures = 2
    const record: typeof generations.submit.record = async (...given) => {
      if (failures-- > 0) throw new Error('The connection to the database was lost.')
      await generations.submit.record(...given)
    }
    const handler = createGenerateHandler({
      generations: { ...generations, submit: { ...generations.submit, record } },
      registry: core.registry,
      fetchClip: () => Promise.reject(new Error('There is nothing to fetch yet.')),
      monotonic: () => performance.now(),
    })
    const claim = await core.workItems.claim('generate', id)
    await handler.handle(claim!.row, claim!.lease, { signal: claim!.lease.signal })
    expect(await only()).toMatchObject({ status: 'running', attempts: [{ status: 'accepted' }] })
  })
})

describe('a process that dies', () => {
  test('after it wrote the attempt down, before it sent it: found absent, sent again', async () => {
    await launch()
    await core.skipWaits()
    const { id } = await only()
    const claim = await core.workItems.claim('generate', id)
    const begun = await generations.submit.begin(claim!.row, claim!.lease)
    expect(begun.kind).toBe('send')
    await core.workItems.release(claim!.lease)
    clock.now += 121_000
    await core.settle()
    expect((await only()).attempts.map((a) => a.status)).toEqual(['absent', 'succeeded'])
    expect(sim.submissions).toHaveLength(1)
  })

  test('with the answer in its hands: the job is found', async () => {
    await launch()
    const { id } = await only()
    const claim = await core.workItems.claim('generate', id)
    const begun = await generations.submit.begin(claim!.row, claim!.lease)
    if (begun.kind === 'send')
      await sim.provider.submit(
        { id: begun.attempt.id, model: 'sim/one', clip: {} as never, submittedAt: new Date() },
        { signal: new AbortController().signal },
      )
    await core.workItems.release(claim!.lease)
    await core.settle()
    expect((await only()).attempts.map((a) => a.status)).toEqual(['succeeded'])
  })

  test('and comes back after its lease: what it writes late changes nothing', async () => {
    const id = await launch()
    const { id: generationId } = await only()
    const late = await core.workItems.claim('generate', generationId)
    const begun = await generations.submit.begin(late!.row, late!.lease)
    await sql`update generations set lease_until = now() - interval '1 second' where id = ${generationId}`.execute(db)
    clock.now += 121_000
    await core.settle()
    const before = await only()
    const answer: SubmitOutcome = { kind: 'refused', error: fault('unknown'), evidence: {} }
    const write = begun.kind === 'send' ? generations.submit.record(late!.row, late!.lease, begun.attempt, answer) : undefined
    await expect(write).rejects.toThrow('is lost')
    expect(await only()).toEqual(before)
    await ledgerAgrees(id)
  })

  test('every time it starts a submitted row: the row is uncertain, never failed', async () => {
    await launch()
    const { id } = await only()
    const claim = await core.workItems.claim('generate', id)
    await generations.submit.begin(claim!.row, claim!.lease)
    await core.handlers.generate.giveUp(claim!.row, new Terminal('too_many_starts', 'Forty starts.'), claim!.lease)
    expect(await only()).toMatchObject({ status: 'uncertain' })
  })
})
