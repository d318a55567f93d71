import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInstallation, until, type Installation, type Program } from '#test/support/program.ts'
import { startReceiver } from '#test/support/receiver.ts'
import { addSmallFormat, smallSegments, smallTemplate } from '#test/support/small-campaign.ts'

const segmentCount = 12

interface CampaignShape {
  readonly id: string
  readonly status: string
  readonly counts: { readonly variants: Record<string, number>; readonly renditions: Record<string, number> }
}

describe('the service killed with SIGKILL in the middle of a campaign', () => {
  let installation: Installation
  let receiver: Awaited<ReturnType<typeof startReceiver>>
  const campaignOf = (program: Program, id: string) => async () =>
    (await program.call<CampaignShape>('GET', `/v1/campaigns/${id}`)).body

  beforeAll(async () => {
    installation = await createInstallation()
    receiver = await startReceiver()
  })
  afterAll(async () => {
    await installation.close()
    await receiver.close()
  })

  it('finishes the same campaign after a restart on the same data folder, with one terminal event per variant', async () => {
    const first = await installation.start()
    await addSmallFormat(first)
    const endpoint = await first.call<{ secret: string }>('POST', '/v1/webhook-endpoints', { url: receiver.url })
    receiver.trust(endpoint.body.secret)
    const created = await first.call<CampaignShape>('POST', '/v1/campaigns', {
      name: 'Killed',
      template: smallTemplate,
      segments: smallSegments(segmentCount),
      launch: true,
    })
    expect(created.status, created.text).toBe(201)
    const { id } = created.body
    await until(campaignOf(first, id), ({ counts }) => (counts.renditions['ready'] ?? 0) >= 2)
    await first.kill()

    const second = await installation.start()
    const completed = await until(campaignOf(second, id), ({ status }) => status === 'completed')
    expect(completed.counts.variants).toMatchObject({ ready: segmentCount, failed: 0, rendering: 0 })
    await until(
      async () => receiver.received.map(({ type }) => type),
      (types) => types.includes('campaign.completed') && types.filter((type) => type === 'variant.ready').length >= segmentCount,
    )
    const ready = new Map(receiver.received.filter(({ type }) => type === 'variant.ready').map((event) => [event.id, event]))
    expect(ready.size).toBe(segmentCount)
    expect(new Set([...ready.values()].map(({ data }) => data['segment_key'])).size).toBe(segmentCount)
    expect(receiver.received.every(({ verified }) => verified)).toBe(true)

    const generations = await second.call<{ data: unknown[] }>('GET', `/v1/generations?campaign_id=${id}`)
    expect(generations.body.data).toHaveLength(3)
    const manifest = await second.call<{ data: { url: string; sha256: string }[] }>('GET', `/v1/campaigns/${id}/manifest`)
    expect(manifest.body.data).toHaveLength(segmentCount)
    expect(await second.stop()).toBe(0)
  })
})
