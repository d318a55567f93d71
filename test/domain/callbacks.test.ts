import type { GenerationResource } from '#src/domain/generation/service-present.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createCore } from '#test/support/core.ts'
import { clipCost, fault } from '#test/support/fake-provider.ts'
import { addPlannedCampaign } from '#test/support/planned-campaign.ts'
import { createTestWorkspace } from '#test/support/workspace.ts'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

const core = await createCore()
const { db, sim, campaigns, generations } = core
const usual = { ...sim.orders }
afterAll(() => core.close())

let scope: Scope
beforeEach(async () => {
  Object.assign(sim.orders, usual)
  sim.provider.verifyCallback = async (raw) => ({ kind: 'unsigned', ...JSON.parse(Buffer.from(raw).toString()) })
  sim.submissions.length = 0
  scope = await createTestWorkspace(db)
})

async function launch(models: readonly string[]): Promise<string> {
  const { id, digest } = await addPlannedCampaign(db, { workspaceId: scope.workspaceId, models })
  await campaigns.launch(scope, id, { plan_digest: digest })
  return id
}
const only = async (): Promise<GenerationResource> => (await generations.list(scope, { limit: 10 })).data[0]!
const dueInSeconds = async () => {
  const { rows } = await sql<{ s: number }>`
    select extract(epoch from due_at - now())::float8 as s from generations where workspace_id = ${scope.workspaceId}`.execute(db)
  return rows[0]!.s
}

/** Posts to the address that the last submission carried. */
function callBack(body: object, token = (t: string) => t): Promise<void> {
  const [provider = '', last = ''] = sim.submissions.at(-1)!.callbackUrl!.split('/').slice(-2)
  const raw = Buffer.from(JSON.stringify(body))
  return generations.callbacks.receive({ provider, token: token(last), raw, headers: new Headers() })
}

/** The vendor has the job, and its answer was lost. */
function loseAnswer(): void {
  sim.orders.submit = async (attempt) => {
    sim.take(attempt)
    return { kind: 'ambiguous', error: fault('timeout') }
  }
  sim.orders.recover = async () => ({ kind: 'undetermined', reason: 'no way to look' })
}

describe('a callback', () => {
  test('of a running job is a wake-up: what it says is not believed, the poll decides', async () => {
    sim.orders.poll = async () => ({ kind: 'running', retryAfterMs: 600_000 })
    await launch(['sim/one'])
    await core.settle(3)
    expect(await dueInSeconds()).toBeGreaterThan(500)
    await callBack({ jobRef: { id: 'job-999' } })
    expect(await dueInSeconds()).toBeLessThan(1)
    expect(await only()).toMatchObject({ status: 'running', attempts: [{ job_ref: { id: expect.not.stringMatching('999') } }] })
  })

  test('with a token that is not ours, or for an unknown provider, finds nothing', async () => {
    await launch(['sim/one'])
    await core.settle(1)
    for (const token of ['x', `${sim.submissions[0]!.id}.AAAAAAAAAAAAAAAAAAAA`])
      await expect(callBack({}, () => token)).rejects.toMatchObject({ code: 'not_found' })
    await expect(callBack({}, (t) => t.replace(/.\./, 'zz.'))).rejects.toMatchObject({ code: 'not_found' })
  })

  test('with a wrong signature is refused', async () => {
    await launch(['sim/one'])
    await core.settle(1)
    sim.provider.verifyCallback = async () => ({ kind: 'forged' })
    await expect(callBack({})).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('names the job of a lost answer: bought once, settled, no longer uncertain', async () => {
    loseAnswer()
    const id = await launch(['sim/blind'])
    await core.settle(3)
    expect(await only()).toMatchObject({ status: 'uncertain' })
    await callBack({ jobRef: { id: `job-${sim.jobs.size}` } })
    await core.settle()
    expect(await only()).toMatchObject({ status: 'ready', attempts: [{ status: 'succeeded' }] })
    expect(sim.submissions).toHaveLength(1)
    expect((await campaigns.get(scope, id)).spend).toMatchObject({ reserved_micro_usd: 0, spent_micro_usd: clipCost })
  })

  test('cannot give an attempt a job that the provider does not know, or that another attempt has', async () => {
    await launch(['sim/blind'])
    await core.settle()
    const taken = sim.jobs.size
    loseAnswer()
    scope = await createTestWorkspace(db)
    await launch(['sim/blind'])
    await core.settle(3)
    await callBack({ jobRef: { id: `job-${taken}` } })
    sim.orders.poll = async () => ({ kind: 'forgotten' })
    await callBack({ jobRef: { id: 'job-elsewhere' } })
    expect(await only()).toMatchObject({ status: 'uncertain', attempts: [{ status: 'uncertain', job_ref: null }] })
  })
})
