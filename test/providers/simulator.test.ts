import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { attemptFor, type OpenedSimulator, openSimulator } from '#test/support/simulator.ts'

const { signal } = new AbortController()
let sim: OpenedSimulator
beforeAll(async () => {
  sim = await openSimulator()
})
afterEach(() => sim.simulator.clearOrders())
afterAll(() => sim?.close())

const get = async (path: string) => (await fetch(`${sim.simulator.url}${path}`)).json() as Promise<Record<string, unknown>>
const post = (path: string, body: unknown) =>
  fetch(`${sim.simulator.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('the bill has a line for every job and every billed refusal, and nothing for a failure that is not billed', async () => {
  const provider = sim.adapter()
  const submit = () => provider.submit(attemptFor(provider), { signal })
  await submit()
  for (const order of [
    { fault: 'reset', accept: true },
    { fault: 'fail', billed: false },
    { fault: 'fail', billed: true },
    { fault: 'refuse', billed: true },
    { fault: 'refuse', billed: false },
    { fault: 'reset', accept: false },
  ]) {
    expect((await post('/_sim/faults', order)).status).toBe(201)
    await submit()
  }
  const bill = (await get('/_sim/bill')) as { total_micro_usd: number; lines: { micro_usd: number; reason: string }[] }
  expect(bill.lines.map(({ reason, micro_usd }) => [reason, micro_usd])).toEqual([
    ['video', 240_000],
    ['video', 240_000],
    ['failed', 0],
    ['failed', 240_000],
    ['refused', 240_000],
  ])
  expect(bill.total_micro_usd).toBe(960_000)
})

test('a forgotten job stays on the bill', async () => {
  const before = ((await get('/_sim/bill')) as { total_micro_usd: number }).total_micro_usd
  const provider = sim.adapter()
  const attempt = attemptFor(provider)
  const accepted = await provider.submit(attempt, { signal })
  sim.simulator.order({ fault: 'forget' })
  await provider.poll(accepted.kind === 'accepted' ? accepted.jobRef : null, attempt, { signal })
  expect(((await get('/_sim/bill')) as { total_micro_usd: number }).total_micro_usd).toBe(before + 240_000)
})

test('what was submitted is on record, with the attempt that it came from', async () => {
  const provider = sim.adapter()
  const attempt = attemptFor(provider)
  sim.simulator.order({ fault: 'error', accept: true })
  await provider.submit(attempt, { signal })
  const { data } = (await get('/_sim/submissions')) as { data: { key: string; answered: string; jobId: string | null }[] }
  expect(data.filter(({ key }) => key === attempt.id)).toMatchObject([
    { answered: 'error', jobId: expect.stringContaining('video/') },
  ])
})

test('an order holds for its times, its model and its prompts', async () => {
  const provider = sim.adapter()
  sim.simulator.order({ fault: 'refuse', times: 2, prompt_includes: 'fox' })
  const submit = async (prompt: string) => {
    const attempt = attemptFor(provider)
    return (await provider.submit({ ...attempt, clip: { ...attempt.clip, prompt } }, { signal })).kind
  }
  expect([await submit('an owl'), await submit('a fox'), await submit('two foxes'), await submit('a fox')]).toEqual([
    'accepted',
    'refused',
    'refused',
    'accepted',
  ])
})

test('an order for some in a hundred depends on the given random alone', async () => {
  const seeded = await openSimulator({
    random: (() =>
      (
        (n) => () =>
          (n = (n * 16_807) % 2_147_483_647) / 2_147_483_647
      )(42))(),
  })
  const provider = seeded.adapter()
  seeded.simulator.order({ fault: 'refuse', times: null, percent: 30 })
  const kinds = []
  for (let i = 0; i < 40; i++) kinds.push((await provider.submit(attemptFor(provider), { signal })).kind)
  const refused = kinds.filter((kind) => kind === 'refused').length
  expect(refused).toBeGreaterThan(3)
  expect(refused).toBeLessThan(25)
  await seeded.close()
})

test.each([
  [{ fault: 'explode' }],
  [{ fault: 'reset' }],
  [{ fault: 'refuse', status: 9000 }],
  [{ fault: 'refuse', typo: 1 }],
  ['no object'],
])('the order %j is refused with what is wrong', async (order) => {
  const answer = await post('/_sim/faults', order)
  expect(answer.status).toBe(422)
  expect(await answer.text()).toContain('invalid_request')
})

test('what it does not know is 404, and a form where JSON is spoken is refused', async () => {
  expect((await fetch(`${sim.simulator.url}/sora/v1/videos`)).status).toBe(404)
  const form = new FormData()
  form.append('prompt', 'a fox')
  expect((await fetch(`${sim.simulator.baseUrl('sglang')}/videos`, { method: 'POST', body: form })).status).toBe(415)
})
