import { createInstallation, type Installation, type Program, until } from '#test/support/program.ts'
import { startReceiver } from '#test/support/receiver.ts'
import { addSmallFormat, smallSegments, smallTemplate } from '#test/support/small-campaign.ts'
import { eventBody, eventTypes } from '#src/domain/events/types.ts'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Fault {
  readonly pointer: string
  readonly message: string
}
interface ProblemShape {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors?: readonly Fault[]
}
interface CampaignShape {
  readonly id: string
  readonly status: string
  readonly counts: { readonly variants: Record<string, number>; readonly generations: Record<string, number> }
}
interface PlanShape {
  readonly status: string
  readonly digest: string
  readonly segments: { readonly invalid: number }
  readonly error: { readonly code: string; readonly message: string } | null
  readonly generations: Record<string, number>
  readonly cost: { readonly max_micro_usd: number }
}
interface ImportShape {
  readonly accepted: number
  readonly refused: number
  readonly errors: readonly { readonly row: number; readonly column: string | null; readonly message: string }[]
}

let installation: Installation
let program: Program
let receiver: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  installation = await createInstallation()
  receiver = await startReceiver()
  program = await installation.start()
  await addSmallFormat(program)
  const endpoint = await program.call<{ secret: string }>('POST', '/v1/webhook-endpoints', { url: receiver.url })
  receiver.trust(endpoint.body.secret)
})
afterAll(async () => {
  await installation.close()
  await receiver.close()
})

const post = <T>(path: string, body?: unknown) => program.call<T>('POST', path, body ?? {})
const get = <T>(path: string) => program.call<T>('GET', path)
const campaign = (id: string) => async () => (await get<CampaignShape>(`/v1/campaigns/${id}`)).body
const planOf = (id: string) => async () => (await get<PlanShape>(`/v1/campaigns/${id}/plan`)).body
const planned = (id: string) => until(planOf(id), ({ status }) => status === 'ready' || status === 'failed')

async function upload(csv: string | Uint8Array<ArrayBuffer>, query = '') {
  const { body } = await post<{ id: string }>('/v1/audiences', { name: 'uploaded' })
  const answer = await fetch(`${program.url}/v1/audiences/${body.id}/segments${query}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${installation.apiKey}`, 'content-type': 'text/csv' },
    body: csv,
  })
  return { audienceId: body.id, status: answer.status, body: (await answer.json()) as ImportShape & ProblemShape }
}

describe('plan before money, and launch exactly that plan', () => {
  it('shows distinct clips and cost, refuses a stale digest, renders, and lists the files', async () => {
    const template = await post<{ id: string }>('/v1/templates', { template: smallTemplate })
    expect(template.status, template.text).toBe(201)
    const csv = [
      'key,locale,first_name,scene',
      ...smallSegments(6).map(({ key, attributes: a }) => `${key},en,${a.first_name},${a.scene}`),
    ].join('\n')
    const { audienceId, body: imported } = await upload(csv)
    expect(imported).toMatchObject({ accepted: 6, refused: 0 })
    const created = await post<CampaignShape>('/v1/campaigns', {
      name: 'Planned',
      template_id: template.body.id,
      audience_id: audienceId,
    })
    const { id } = created.body
    expect((await post(`/v1/campaigns/${id}/plan`)).status).toBe(202)
    const plan = await planned(id)
    expect(plan).toMatchObject({ status: 'ready', generations: { distinct: 3, new: 3, owned: 0 }, cost: { max_micro_usd: 0 } })

    const stale = await post<ProblemShape>(`/v1/campaigns/${id}/launch`, { plan_digest: 'sha256:other' })
    expect(stale.body).toMatchObject({ status: 409, code: 'plan_changed' })
    expect((await post(`/v1/campaigns/${id}/launch`, { plan_digest: plan.digest })).status).toBe(202)
    const done = await until(campaign(id), ({ status }) => status === 'completed')
    expect(done.counts.variants['ready']).toBe(6)
    expect(done.counts.generations['ready']).toBe(3)

    const manifest = await get<{ data: { url: string; sha256: string; bytes: number; width: number }[] }>(
      `/v1/campaigns/${id}/manifest`,
    )
    expect(manifest.body.data).toHaveLength(6)
    const [row] = manifest.body.data
    const whole = new Uint8Array(await (await fetch(row!.url)).arrayBuffer())
    expect(createHash('sha256').update(whole).digest('hex')).toBe(row!.sha256)
    const part = await fetch(row!.url, { headers: { range: 'bytes=4-7' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 4-7/${row!.bytes}`])
    expect(await part.text()).toBe('ftyp')
    expect((await fetch(row!.url.replace('/files/file_', '/files/filx_'))).status).toBe(404)
  })

  it('buys no clip twice: the same prompts in another campaign are owned', async () => {
    const created = await post<CampaignShape>('/v1/campaigns', {
      name: 'Again',
      template: smallTemplate,
      segments: smallSegments(3),
    })
    await post(`/v1/campaigns/${created.body.id}/plan`)
    expect(await planned(created.body.id)).toMatchObject({ generations: { distinct: 3, new: 0, owned: 3 } })
  })
})

describe('webhooks', () => {
  it('announce every variant and the end, signed, each body as its schema says', async () => {
    const created = await post<CampaignShape>('/v1/campaigns', {
      name: 'One call',
      template: smallTemplate,
      segments: smallSegments(4),
      launch: true,
    })
    const of = () =>
      receiver.received.filter(
        ({ data }) =>
          data['campaign_id'] === created.body.id || (data['campaign'] as { id?: string } | undefined)?.id === created.body.id,
      )
    await until(
      async () => of().map(({ type }) => type),
      (types) => types.includes('campaign.completed') && types.filter((type) => type === 'variant.ready').length === 4,
    )
    expect(receiver.received.every(({ verified }) => verified)).toBe(true)
    for (const { type, data } of receiver.received) {
      expect(Object.keys(eventTypes)).toContain(type)
      eventBody(type as keyof typeof eventTypes).parse({ type, timestamp: new Date().toISOString(), data })
    }
  })
})

describe('bad input is a problem document that says what to change', () => {
  const broken = (change: (template: typeof smallTemplate & Record<string, unknown>) => object) =>
    change(structuredClone(smallTemplate))
  const prompt = (text: string) => broken((t) => ({ ...t, clip: { ...t.clip, prompt: text } }))

  it.each([
    ['an unknown variable', prompt('A cup in {{ weather }}'), '/template/clip/prompt', /weather/],
    ['a personal variable in the prompt', prompt('A cup for {{ first_name }}'), '/template/clip/prompt', /first_name/],
    ['the same by another name', prompt('{% assign x = first_name %}A cup for {{ x }}'), '/template/clip/prompt', /first_name/],
    ['the segment key in the prompt', prompt('A cup for {{ segment.key }}'), '/template/clip/prompt', /segment/],
    [
      'free text in the prompt',
      broken((t) => ({
        ...t,
        variables: [...t.variables, { name: 'wish', type: 'string', use: ['prompt'] }],
        clip: { ...t.clip, prompt: 'A cup {{ wish }}' },
      })),
      '/template',
      /allow_free_text|wish/,
    ],
    ['a broken Liquid tag', prompt('A cup {% if %}'), '/template/clip/prompt', /./],
    [
      'an endless Liquid loop',
      prompt('{% for i in (1..100000000) %}{% for j in (1..100000000) %}x{% endfor %}{% endfor %}'),
      '/template/clip/prompt',
      /./,
    ],
    ['an unknown format', broken((t) => ({ ...t, formats: ['cinema'] })), '/template/formats/0', /cinema/],
    ['an unknown field', broken((t) => ({ ...t, colour: 'red' })), '/template/colour', /colour/],
  ])('template: %s', async (_what, template, pointer, message) => {
    const answer = await post<ProblemShape>('/v1/templates', { template })
    expect(answer.status, answer.text).toBe(422)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    const fault = answer.body.errors?.find((error) => error.pointer.startsWith(pointer))
    expect(fault, answer.text).toBeDefined()
    expect(fault!.message).toMatch(message)
  })

  it('CSV: a missing column', async () => {
    const answer = await upload('name,locale\na,en\n')
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.[0]?.message).toMatch(/key/)
  })

  it('CSV: each faulty row is refused with its number, and the others are taken', async () => {
    const template = await post<{ id: string }>('/v1/templates', {
      template: {
        ...smallTemplate,
        variables: [...smallTemplate.variables, { name: 'price', type: 'number', use: ['overlay'] }],
      },
    })
    const rows = [
      'key,locale,first_name,scene,price',
      'a,en,Ann,kitchen,1.5',
      'b,en,Bob,kitchen,cheap',
      'a,en,Ann again,kitchen,2',
      `c,en,${'x'.repeat(10_000_000)},kitchen,3`,
      'd,en,Dan,kitchen,4',
    ].join('\n')
    const bytes = Buffer.concat([
      Buffer.from(rows),
      Buffer.from('\ne,en,'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(',kitchen,5\nf,en,Fay,train,6\n'),
    ])
    const { status, body } = await upload(new Uint8Array(bytes), `?template_id=${template.body.id}`)
    expect(status).toBe(200)
    expect(body.errors.map(({ row, column }) => [row, column])).toEqual([
      [3, 'price'],
      [4, 'key'],
      [5, 'first_name'],
      [7, 'first_name'],
    ])
    expect(body).toMatchObject({ accepted: 3, refused: 4 })
  })

  it('a filter that matches nothing fails the plan with a reason', async () => {
    const created = await post<CampaignShape>('/v1/campaigns', {
      name: 'Nobody',
      template: smallTemplate,
      segments: smallSegments(2),
      segment_filter: { locale: ['ja'] },
    })
    await post(`/v1/campaigns/${created.body.id}/plan`)
    const plan = await planned(created.body.id)
    expect(plan.status).toBe('failed')
    expect(plan.error?.message).toMatch(/segment/i)
    expect((await campaign(created.body.id)()).status).toBe('plan_failed')
  })

  it('an unknown format or model of a campaign', async () => {
    const answer = await post<ProblemShape>('/v1/campaigns', {
      name: 'Bad',
      template: smallTemplate,
      segments: smallSegments(1),
      formats: ['cinema'],
      models: ['sora/sora-2'],
    })
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/formats/0', '/models/0'])
  })
})

describe('another workspace', () => {
  it('does not see a campaign, its variants or its files by id', async () => {
    const workspace = await post<{ id: string }>('/v1/workspaces', { name: 'rival' })
    const key = await post<{ key: string }>('/v1/api-keys', {
      name: 'rival',
      scopes: ['read', 'write', 'render', 'admin'],
      workspace_id: workspace.body.id,
    })
    const as = { authorization: `Bearer ${key.body.key}` }
    const mine = (await get<{ data: { id: string }[] }>('/v1/variants?limit=1')).body.data[0]!.id
    expect((await program.call('GET', `/v1/variants/${mine}`, undefined, as)).status).toBe(404)
    for (const list of [
      'campaigns',
      'templates',
      'audiences',
      'variants',
      'generations',
      'events',
      'deliveries',
      'webhook-endpoints',
      'media',
    ]) {
      const answer = await program.call<{ data: unknown[] }>('GET', `/v1/${list}`, undefined, as)
      expect(answer.body.data, `${list} ${answer.text}`).toEqual([])
    }
  })
})

describe('the log', () => {
  it('has no personal value and no key', () => {
    expect(program.output()).not.toMatch(/\bN[0-5]\b/)
    expect(program.output()).not.toContain(installation.apiKey)
  })
})
