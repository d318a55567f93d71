/** Review through the real program: what waits, who may see it, what a decision covers, and what follows from it. */
import { createInstallation, type Installation, type Program, until } from '#test/support/program.ts'
import { addSmallFormat, smallSegments, smallTemplate } from '#test/support/small-campaign.ts'
import { startReceiver } from '#test/support/receiver.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Rendition {
  readonly url: string | null
  readonly poster_url: string | null
  readonly sha256: string
}
interface Variant {
  readonly id: string
  readonly status: string
  readonly revision: number
  readonly segment_key: string
  readonly review: { readonly decision: string; readonly reason: string | null; readonly actor: string | null } | null
  readonly renditions: readonly Rendition[]
  readonly shots: readonly { readonly shot_id: string; readonly generation_id: string | null }[]
}
interface Campaign {
  readonly id: string
  readonly status: string
  readonly counts: { readonly clips_in_review: number; readonly variants: Readonly<Record<string, number>> }
}
interface Clip {
  readonly shot_id: string
  readonly status: string
  readonly url: string | null
  readonly sha256: string
  readonly take: number
  readonly variants: number
}

let installation: Installation
let program: Program
let receiver: Awaited<ReturnType<typeof startReceiver>>
let reader: string

beforeAll(async () => {
  installation = await createInstallation()
  program = await installation.start()
  await addSmallFormat(program)
  receiver = await startReceiver()
  await post('/v1/webhook-endpoints', { url: receiver.url }, 201)
  reader = (await post<{ key: string }>('/v1/api-keys', { name: 'reader', scopes: ['read', 'write'] }, 201)).key
})

afterAll(async () => {
  await installation?.close()
  await receiver?.close()
})

async function post<T>(path: string, body: unknown, status = 200): Promise<T> {
  const answer = await program.call<T>('POST', path, body)
  expect(answer.status, answer.text).toBe(status)
  return answer.body
}
const get = async <T>(path: string, key?: string): Promise<T> =>
  (await program.call<T>('GET', path, undefined, key ? { authorization: `Bearer ${key}` } : {})).body

const launch = (name: string, review: string, count = 3) =>
  post<Campaign>('/v1/campaigns', { name, review, template: smallTemplate, segments: smallSegments(count), launch: true }, 201)

const variantsOf = async (campaignId: string, key?: string): Promise<readonly Variant[]> =>
  (await get<{ data: Variant[] }>(`/v1/variants?campaign_id=${campaignId}`, key)).data

const untilStatus = (campaignId: string, status: string, count = 3) =>
  until(
    () => variantsOf(campaignId),
    (variants) => variants.filter((variant) => variant.status === status).length === count,
  )

const manifestOf = async (campaignId: string) =>
  (await (await authorised(`/v1/campaigns/${campaignId}/manifest?format=ndjson`)).text()).trim()
const seen = ({ revision, renditions }: Variant) => ({ revision, files_sha256: renditions.map((rendition) => rendition.sha256) })
const authorised = (path: string) => fetch(program.url + path, { headers: { authorization: `Bearer ${installation.apiKey}` } })
const statusOf = async (url: string, key?: string) =>
  (await fetch(url, { headers: key ? { authorization: `Bearer ${key}` } : {} })).status

describe('review: all', () => {
  let campaign: Campaign
  let variants: readonly Variant[]

  beforeAll(async () => {
    campaign = await launch('All', 'all')
    variants = await untilStatus(campaign.id, 'in_review')
  })

  test('nothing that waits reaches a link, the manifest, a reader or an endpoint', async () => {
    const { url, poster_url } = variants[0]!.renditions[0]!
    expect(await statusOf(url!)).toBe(403)
    expect(await statusOf(poster_url!)).toBe(403)
    expect(await statusOf(url!, reader)).toBe(403)
    expect(await statusOf(url!, installation.apiKey)).toBe(200)
    for (const variant of await variantsOf(campaign.id, reader)) {
      expect(variant.renditions.map((rendition) => [rendition.url, rendition.poster_url])).toEqual([[null, null]])
    }
    expect(await manifestOf(campaign.id)).toBe('')
    const clips = (await get<{ data: { clip: { url: string } }[] }>(`/v1/generations?campaign_id=${campaign.id}`)).data
    for (const { clip } of clips) expect(await statusOf(clip.url)).toBe(403)
    await until(
      async () => receiver.received,
      (received) => received.filter((event) => event.type === 'variant.in_review').length === 3,
    )
    expect(receiver.received.filter((event) => JSON.stringify(event.data).includes('/v1/files/'))).toEqual([])
    expect((await get<Campaign>(`/v1/campaigns/${campaign.id}`)).status).toBe('rendering')
  })

  test('a decision about other files than those there now is refused, and says what is there', async () => {
    const [first] = variants
    const other = { ...seen(first!), files_sha256: ['0'.repeat(64)] }
    const answer = await program.call<{ code: string; current: unknown }>('POST', `/v1/variants/${first!.id}/approve`, other)
    expect([answer.status, answer.body.code]).toEqual([409, 'stale_review'])
    expect(answer.body.current).toEqual(seen(first!))
    expect((await program.call('POST', `/v1/variants/${first!.id}/approve`, { ...seen(first!), revision: 2 })).status).toBe(409)
    const unscoped = { authorization: `Bearer ${reader}` }
    expect((await program.call('POST', `/v1/variants/${first!.id}/approve`, seen(first!), unscoped)).status).toBe(403)
    expect((await variantsOf(campaign.id)).map((variant) => variant.status)).toEqual(['in_review', 'in_review', 'in_review'])
  })

  test('an approval opens exactly these files and tells the endpoint', async () => {
    const [first] = variants
    const approved = await post<Variant>(`/v1/variants/${first!.id}/approve`, { ...seen(first!), actor: 'Mia' })
    expect(approved).toMatchObject({ status: 'ready', review: { decision: 'approved', actor: 'Mia' } })
    expect(await statusOf(approved.renditions[0]!.url!)).toBe(200)
    expect((await manifestOf(campaign.id)).split('\n')).toHaveLength(1)
    const [ready] = await until(
      async () => receiver.received.filter((event) => event.type === 'variant.ready'),
      (received) => received.length === 1,
    )
    expect(ready!.data).toMatchObject({ variant_id: first!.id, renditions: [{ sha256: first!.renditions[0]!.sha256 }] })
    expect((await program.call('POST', `/v1/variants/${first!.id}/approve`, seen(first!))).status).toBe(409)
  })

  test('a rejection with another clip makes a new take, voids the decision, and waits again', async () => {
    const second = variants[1]!
    const body = { ...seen(second), reason: 'visual', note: 'Cup is cut off', regenerate: true }
    await post(`/v1/variants/${second.id}/reject`, body)
    const again = await until(
      () => get<Variant>(`/v1/variants/${second.id}`),
      (variant) => variant.status === 'in_review',
    )
    expect(again).toMatchObject({ revision: 2, review: null })
    expect(again.shots[0]!.generation_id).not.toBe(second.shots[0]!.generation_id)
    expect(again.renditions[0]!.sha256).not.toBe(second.renditions[0]!.sha256)
    const { data } = await get<{ data: { decision: string; reason: string; void_at: string | null }[] }>(
      `/v1/variants/${second.id}/decisions`,
    )
    expect(data).toMatchObject([{ decision: 'rejected', reason: 'visual', void_at: expect.any(String) }])
    expect((await program.call('POST', `/v1/variants/${second.id}/approve`, seen(second))).status).toBe(409)
    const approved = await post<Variant>(`/v1/variants/${second.id}/approve`, seen(again))
    expect(await statusOf(approved.renditions[0]!.url!)).toBe(200)
    // The rejected file stays closed although its variant is approved by now.
    expect(await statusOf(second.renditions[0]!.url!)).toBe(403)
  })

  test('other copy is composed over the same clip for free; a rejection is an end, and the campaign completes', async () => {
    const third = variants[2]!
    await post(`/v1/variants/${third.id}/reject`, { revision: 1, reason: 'text' })
    expect((await program.call('POST', `/v1/variants/${third.id}/recompose`, { overlays: [] })).status).toBe(422)
    await post(`/v1/variants/${third.id}/recompose`, { overlays: ['Good morning'] }, 202)
    const again = await until(
      () => get<Variant>(`/v1/variants/${third.id}`),
      (variant) => variant.status === 'in_review',
    )
    expect(again.shots).toEqual(third.shots)
    expect(again.renditions[0]!.sha256).not.toBe(third.renditions[0]!.sha256)
    const rejected = await post<Variant>(`/v1/variants/${third.id}/reject`, { revision: 2, reason: 'brand' })
    expect(rejected).toMatchObject({ status: 'rejected', review: { decision: 'rejected', reason: 'brand' } })
    await until(
      () => get<Campaign>(`/v1/campaigns/${campaign.id}`),
      (now) => now.status === 'completed',
    )
    expect((await manifestOf(campaign.id)).split('\n')).toHaveLength(2)
    expect(await statusOf(third.renditions[0]!.url!)).toBe(403)
    const log = await get<{ data: { action: string }[] }>('/v1/audit-log?limit=100')
    const actions = log.data.map((entry) => entry.action)
    expect(actions.filter((action) => action === 'variant.approved')).toHaveLength(2)
    expect(actions.filter((action) => action === 'variant.rejected')).toHaveLength(3)
  })
})

test('a bulk decision takes exactly what its preview counted, or nothing', async () => {
  const campaign = await launch('Bulk', 'all', 4)
  const [first] = await untilStatus(campaign.id, 'in_review', 4)
  const asked = { campaign_id: campaign.id, decision: 'approved' }
  const preview = await post<{ matched: number; applied: number; digest: string }>('/v1/variants/bulk-review', asked)
  expect(preview).toMatchObject({ matched: 4, applied: 0, by_locale: { en: 4 } })
  await post(`/v1/variants/${first!.id}/reject`, { revision: 1, reason: 'text' })
  const stale = await program.call('POST', '/v1/variants/bulk-review', { ...asked, digest: preview.digest })
  expect(stale.body).toMatchObject({ status: 409, code: 'stale_review', current: { matched: 3 } })
  const { digest } = await post<{ digest: string }>('/v1/variants/bulk-review', asked)
  expect(await post('/v1/variants/bulk-review', { ...asked, digest })).toMatchObject({ matched: 3, applied: 3 })
  expect((await variantsOf(campaign.id)).map((variant) => variant.status).sort()).toEqual(['ready', 'ready', 'ready', 'rejected'])
  expect((await manifestOf(campaign.id)).split('\n')).toHaveLength(3)
  const unreasoned = await program.call('POST', '/v1/variants/bulk-review', { ...asked, decision: 'rejected' })
  expect(unreasoned.status).toBe(422)
})

test('review: clips holds composition until the clips are approved; another take waits again', async () => {
  const campaign = await launch('Clips', 'clips')
  const clipsOf = async () => (await get<{ data: Clip[] }>(`/v1/campaigns/${campaign.id}/clips`)).data
  const clips = await until(clipsOf, (now) => now.length === 3 && now.every((clip) => clip.status === 'in_review'))
  expect((await get<Campaign>(`/v1/campaigns/${campaign.id}`)).counts).toMatchObject({
    clips_in_review: 3,
    variants: { planned: 3 },
  })
  expect(clips.map((clip) => clip.variants)).toEqual([1, 1, 1])
  const [approved, retaken, refused] = clips
  const at = (clip: Clip) => `/v1/campaigns/${campaign.id}/clips/${clip.shot_id}`
  const stale = await program.call('POST', `${at(approved!)}/approve`, { sha256: '0'.repeat(64) })
  expect(stale.body).toMatchObject({ code: 'stale_review', current: { sha256: approved!.sha256 } })
  await post(`${at(approved!)}/approve`, { sha256: approved!.sha256 })
  await untilStatus(campaign.id, 'ready', 1)
  await post(`${at(retaken!)}/reject`, { sha256: retaken!.sha256, reason: 'visual', regenerate: true })
  const [take] = await until(
    async () => (await clipsOf()).filter((clip) => clip.shot_id === retaken!.shot_id),
    ([clip]) => clip!.status === 'in_review' && clip!.sha256 !== retaken!.sha256,
  )
  expect(take!.take).toBe(retaken!.take + 1)
  await post(`${at(take!)}/approve`, { sha256: take!.sha256 })
  await untilStatus(campaign.id, 'ready', 2)
  await post(`${at(refused!)}/reject`, { sha256: refused!.sha256, reason: 'policy' })
  const failed = (await untilStatus(campaign.id, 'failed', 1)).find((variant) => variant.status === 'failed')!
  await post(`/v1/variants/${failed.id}/retry`, {}, 202)
  await until(clipsOf, (now) => now.find((clip) => clip.shot_id === refused!.shot_id)?.status === 'in_review')
})
