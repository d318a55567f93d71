/** Lists as vendors make them badly: what must not be taken for an absence, since that leads to a second payment. */
import { expect, test } from 'vitest'
import { dialects } from '#src/providers/dialects.ts'
import type { Attempt } from '#src/providers/provider.ts'
import { recoverByList } from '#src/providers/recover-by-list.ts'
import type { Seen } from '#src/providers/wire.ts'

const sentAt = Date.UTC(2026, 10, 22)
const attempt: Attempt = {
  id: 'att_1',
  model: 'sim/wan-3.0',
  clip: { prompt: 'a fox', seconds: 4, aspectRatio: '9:16', resolution: '180p', audio: false },
  submittedAt: new Date(sentAt),
}
const job = {
  id: 'v1',
  status: 'queued',
  model: 'wan-3.0',
  prompt: 'a fox',
  seconds: 4,
  size: '180x320',
  created_at: sentAt / 1000,
}
const filler = (n: number, ageSeconds = 0) => ({
  ...job,
  id: `f${n}`,
  prompt: `clip ${n}`,
  created_at: sentAt / 1000 - ageSeconds,
})

const answer = (json: unknown, status = 200): Seen => ({ kind: 'answer', status, headers: new Headers(), json, evidence: {} })
type Query = Record<string, string>
const recover = (
  list: (query: Query) => unknown,
  more: Partial<Attempt> = {},
  dialect: (typeof dialects)['json' | 'vllm-omni'] = dialects.json,
) =>
  recoverByList(
    { ...attempt, ...more },
    {
      dialect,
      model: 'wan-3.0',
      windowSeconds: 86_400,
      now: sentAt + 60_000,
      list: (query) => Promise.resolve(answer(list(query))),
    },
  )
const whole =
  (...data: unknown[]) =>
  () => ({ data, has_more: false })

test('the control: one equal job is found, none is absent', async () => {
  expect(await recover(whole(filler(1), job, filler(2)))).toEqual({ kind: 'found', jobRef: { id: 'v1' } })
  expect(await recover(whole(filler(1), filler(2)))).toEqual({ kind: 'absent' })
})

test.each([
  ['leaves the prompt out', { prompt: null }],
  ['leaves the length out', { seconds: undefined }],
  ['calls the model by another name', { model: 'vendor/wan-3.0-preview' }],
  ['writes the size otherwise', { size: '180*320' }],
  ['does not say when', { created_at: undefined }],
])('a job that might be it is no absence: the list %s', async (_, change) => {
  expect(await recover(whole(filler(1), { ...job, ...change }))).toMatchObject({ kind: 'undetermined' })
})

test('a job that might be it does not hide the one that is', async () => {
  expect(await recover(whole({ ...job, id: 'v2', size: '320x180' }, job))).toEqual({ kind: 'found', jobRef: { id: 'v1' } })
})

test('numbers as text and milliseconds for seconds are the same', async () => {
  expect(await recover(whole({ ...job, seconds: '4', created_at: sentAt }))).toMatchObject({ kind: 'found' })
})

test('a claim that is null is none', async () => {
  const form = { ...job, width: '180', height: '320' }
  expect(await recover(whole({ ...form, user: null }), {}, dialects['vllm-omni'])).toMatchObject({ kind: 'found' })
  expect(await recover(whole({ ...form, user: 'att_2' }), {}, dialects['vllm-omni'])).toEqual({ kind: 'absent' })
})

test.each([
  ['no list', 'nothing'],
  ['no data', { jobs: [] }],
  ['entries without ids', { data: [{ ...job, id: undefined }], has_more: false }],
  ['an error', { error: { code: 'x' } }],
])('%s is no absence', async (_, json) => {
  expect(await recover(() => json)).toMatchObject({ kind: 'undetermined' })
})

test('a list that gives the same page again proves nothing', async () => {
  const page = Array.from({ length: 100 }, (_, n) => filler(n))
  expect(await recover(() => ({ data: page, has_more: true }))).toMatchObject({
    kind: 'undetermined',
    reason: expect.stringContaining('does not page'),
  })
})

test('a list that never ends is given up', async () => {
  let calls = 0
  const endless = () => ({ data: Array.from({ length: 100 }, (_, n) => filler(++calls * 1000 + n)), has_more: true })
  expect(await recover(endless)).toMatchObject({ kind: 'undetermined', reason: expect.stringContaining('too long') })
})

test('reading ends where the list has passed the submission, if it is in order', async () => {
  let pages = 0
  const ordered = () => {
    pages++
    return { data: [filler(pages * 10), filler(pages * 10 + 1, 3600)], has_more: true }
  }
  expect(await recover(ordered)).toEqual({ kind: 'absent' })
  expect(pages).toBe(1)
})

test('a list that is oldest first is read to its end', async () => {
  const pages: Record<string, unknown> = {
    '': { data: [filler(1, 7200), filler(2, 3600)], has_more: true },
    f2: { data: [filler(3, 60), job], has_more: false },
  }
  expect(await recover(({ after = '' }) => pages[after])).toMatchObject({ kind: 'found' })
})

test('a list without has_more ends with a page that is not full', async () => {
  expect(await recover(() => ({ data: [filler(1)] }))).toEqual({ kind: 'absent' })
})

test('two jobs that carry our id are a fault of the vendor', async () => {
  const form = { ...job, width: '180', height: '320', user: 'att_1' }
  expect(await recover(whole(form, { ...form, id: 'v2' }), {}, dialects['vllm-omni'])).toMatchObject({ kind: 'undetermined' })
})
