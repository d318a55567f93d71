import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Attempt, VideoProvider } from '#src/providers/provider.ts'
import { type DialectName, dialectNames, dialects } from '#src/providers/dialects.ts'
import { describeProvider } from '#test/conformance/provider.ts'
import { apiKey, attemptFor, clipBytes, type OpenedSimulator, openSimulator } from '#test/support/simulator.ts'

const { signal } = new AbortController()

/** Where there is no list, the vendor has to know the idempotency key. */
const recoveryOf = (dialect: DialectName) =>
  dialects[dialect].list
    ? ({ kind: 'list', window_seconds: 86_400 } as const)
    : ({ kind: 'idempotency-key', ttl_seconds: 86_400 } as const)

describe.each(dialectNames)('%s', (dialect) => {
  describeProvider(`openai-compatible, ${dialect}`, async () => {
    const sim = await openSimulator()
    sim.simulator.set({ idempotent: true })
    const create = () => sim.adapter({ dialect, model: { recovery: recoveryOf(dialect) } })
    const provider = create()
    return { provider, restarted: create, attempt: () => attemptFor(provider), close: sim.close }
  })
})

describe('openai-compatible', () => {
  let sim: OpenedSimulator
  let provider: VideoProvider
  beforeAll(async () => {
    sim = await openSimulator()
    provider = sim.adapter()
  })
  afterEach(() => sim.simulator.clearOrders())
  afterAll(() => sim?.close())

  async function lost(more: Partial<Attempt> = {}) {
    sim.simulator.order({ fault: 'reset', accept: true })
    const attempt = attemptFor(provider, more)
    expect(await provider.submit(attempt, { signal })).toMatchObject({ kind: 'ambiguous' })
    return attempt
  }

  async function finished(by = provider) {
    const attempt = attemptFor(by)
    const accepted = await by.submit(attempt, { signal })
    if (accepted.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(accepted)}`)
    const outcome = await by.poll(accepted.jobRef, attempt, { signal })
    if (outcome.kind !== 'succeeded') throw new Error(`not finished: ${JSON.stringify(outcome)}`)
    return { open: () => by.open(outcome.outputs[0]!, accepted.jobRef, attempt, { signal }), outcome }
  }

  describe('recovery by list', () => {
    test('finds the one job that echoes everything, among others of other prompts', async () => {
      for (let i = 0; i < 3; i++) await provider.submit(attemptFor(provider), { signal })
      const attempt = await lost()
      const job = sim.simulator.jobs.byKey(attempt.id)!
      expect(await provider.recover(attempt, { signal })).toEqual({ kind: 'found', jobRef: { id: job.id } })
    })

    test('goes through every page', async () => {
      const attempt = await lost()
      for (let i = 0; i < 230; i++) await provider.submit(attemptFor(provider), { signal })
      expect(await provider.recover(attempt, { signal })).toMatchObject({ kind: 'found' })
    })

    test('says absent when nothing was made, and when the list is late', async () => {
      sim.simulator.order({ fault: 'reset', accept: false })
      const never = attemptFor(provider)
      await provider.submit(never, { signal })
      expect(await provider.recover(never, { signal })).toEqual({ kind: 'absent' })
      sim.simulator.order({ fault: 'list_late', ms: 60_000 })
      expect(await provider.recover(await lost(), { signal })).toEqual({ kind: 'absent' })
    })

    test('does not take the job of another attempt', async () => {
      const first = attemptFor(provider)
      const accepted = await provider.submit(first, { signal })
      const otherJobRefs = accepted.kind === 'accepted' ? [accepted.jobRef] : []
      const second = { ...attemptFor(provider), clip: first.clip }
      expect(await provider.recover({ ...second, otherJobRefs }, { signal })).toEqual({ kind: 'absent' })
      expect(await provider.recover(second, { signal })).toMatchObject({ kind: 'found' })
    })

    test('two jobs that could be it, or two attempts that could own it, are undetermined', async () => {
      const attempt = await lost()
      expect(await provider.recover({ ...attempt, equalOpenAttempts: 1 }, { signal })).toMatchObject({ kind: 'undetermined' })
      await provider.submit({ ...attempt, id: 'att_twin' }, { signal })
      expect(await provider.recover(attempt, { signal })).toMatchObject({
        kind: 'undetermined',
        reason: expect.stringContaining('2 jobs'),
      })
    })

    test('a job from before the submission is not it', async () => {
      const attempt = await lost()
      const later = { ...attempt, submittedAt: new Date(Date.now() + 300_000) }
      expect(await provider.recover(later, { signal })).toEqual({ kind: 'absent' })
    })

    test('a list that fails, or no longer reaches back, proves nothing', async () => {
      const attempt = await lost()
      sim.simulator.order({ fault: 'list_error' })
      expect(await provider.recover(attempt, { signal })).toMatchObject({ kind: 'undetermined' })
      const old = sim.adapter({ now: () => Date.now() + 90_000_000 })
      expect(await old.recover(attemptFor(provider), { signal })).toMatchObject({
        kind: 'undetermined',
        reason: expect.stringContaining('no longer'),
      })
    })

    test('where the list echoes our attempt’s id, it decides', async () => {
      const marked = sim.adapter({ dialect: 'vllm-omni' })
      const attempt = attemptFor(marked)
      await marked.submit(attempt, { signal })
      await marked.submit({ ...attempt, id: 'att_other' }, { signal })
      const { id } = sim.simulator.jobs.byKey(attempt.id)!
      expect(await marked.recover(attempt, { signal })).toEqual({ kind: 'found', jobRef: { id } })
      expect(await marked.recover({ ...attempt, id: 'att_none' }, { signal })).toEqual({ kind: 'absent' })
    })

    test('without any way to find a job it is undetermined', async () => {
      const blind = sim.adapter({ model: { recovery: { kind: 'none' } } })
      expect(await blind.recover(attemptFor(blind), { signal })).toMatchObject({ kind: 'undetermined' })
    })
  })

  describe('recovery by idempotency key', () => {
    afterEach(() => sim.simulator.set({ idempotent: false }))

    test('asks again with the same key, and makes no second job', async () => {
      sim.simulator.set({ idempotent: true })
      const keyed = sim.adapter({ model: { recovery: { kind: 'idempotency-key', ttl_seconds: 3600 } } })
      const attempt = await lost()
      const before = sim.simulator.jobs.all().length
      expect(await keyed.recover(attempt, { signal })).toMatchObject({ kind: 'found' })
      expect(sim.simulator.jobs.all()).toHaveLength(before)
    })

    test('never after the vendor has forgotten the key: that would be a second payment', async () => {
      const keyed = sim.adapter({
        model: { recovery: { kind: 'idempotency-key', ttl_seconds: 3600 } },
        now: () => Date.now() + 3_700_000,
      })
      const before = sim.simulator.jobs.submissions.length
      expect(await keyed.recover(attemptFor(keyed), { signal })).toMatchObject({ kind: 'undetermined' })
      expect(sim.simulator.jobs.submissions).toHaveLength(before)
    })
  })

  describe('the result', () => {
    const read = async (body: ReadableStream<Uint8Array>) => Buffer.concat(await Array.fromAsync(body))

    test.each([
      ['truncate', /terminated|broke off|closed/],
      ['wrong_type', /text\/html instead of a video/],
      ['content_error', /answered 503/],
    ] as const)('%s fails, and a later fetch brings it whole', async (fault, message) => {
      const { open } = await finished()
      sim.simulator.order({ fault })
      await expect(open().then(({ body }) => read(body))).rejects.toThrow(message)
      expect(await read((await open()).body)).toEqual(clipBytes)
    })

    test('an expired link is told apart', async () => {
      const { open } = await finished()
      sim.simulator.order({ fault: 'expire' })
      await expect(open()).rejects.toMatchObject({ name: 'Terminal', code: 'result_expired' })
    })

    test('more bytes than allowed are not read, announced or not', async () => {
      const { open } = await finished(sim.adapter({ maxResultBytes: 1000 }))
      await expect(open()).rejects.toMatchObject({ code: 'bad_clip' })
    })

    test('a slow body can be given up', async () => {
      const abort = new AbortController()
      const attempt = attemptFor(provider)
      const accepted = await provider.submit(attempt, { signal })
      sim.simulator.order({ fault: 'slow', bytes_per_second: 1000 })
      const jobRef = accepted.kind === 'accepted' ? accepted.jobRef : null
      const { body } = await provider.open({ kind: 'video', handle: null }, jobRef, attempt, { signal: abort.signal })
      const reading = read(body)
      abort.abort(new Error('lease lost'))
      await expect(reading).rejects.toThrow('lease lost')
    })

    test('our key goes to the provider’s origin, and never to a foreign address', async () => {
      sim.simulator.set({ result_host: 'localhost' })
      const asked: { url: string; headers: Headers }[] = []
      const guardedFetch = (input: unknown, init?: RequestInit) => {
        asked.push({ url: String(input), headers: new Headers(init?.headers) })
        return Promise.resolve(new Response(clipBytes, { headers: { 'content-type': 'video/mp4' } }))
      }
      const foreign = sim.adapter({
        dialect: 'openrouter',
        model: { recovery: { kind: 'none' } },
        guardedFetch,
      })
      const { open } = await finished(foreign)
      expect(await read((await open()).body)).toEqual(clipBytes)
      expect(asked).toHaveLength(1)
      expect(asked[0]!.url).toMatch(/^http:\/\/localhost:/)
      expect([...asked[0]!.headers.keys()]).toEqual([])
      sim.simulator.set({ result_host: '127.0.0.1' })
    })
  })

  test('nothing that is kept holds the key or a signed address, whatever the vendor says', async () => {
    const message = `Bad key ${apiKey}, see https://vendor.example/x?signature=abc and ${randomBytes(300).toString('hex')}`
    sim.simulator.order({ fault: 'refuse', status: 400, message })
    const outcome = await provider.submit(attemptFor(provider), { signal })
    expect(JSON.stringify(outcome)).not.toMatch(/sim-secret|signature=abc/)
    expect(outcome).toMatchObject({
      kind: 'refused',
      evidence: { status: 400, bodySha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(JSON.stringify(outcome).length).toBeLessThan(1500)
  })

  test('a callback names its job and is believed to be nothing more', async () => {
    const raw = Buffer.from(JSON.stringify({ id: 'video/1', status: 'completed' }))
    expect(await provider.verifyCallback!(raw, new Headers(), new Date())).toEqual({
      kind: 'unsigned',
      jobRef: { id: 'video/1' },
    })
    expect(await provider.verifyCallback!(Buffer.from('nonsense'), new Headers(), new Date())).toEqual({ kind: 'unsigned' })
  })
})
