/** The marks on the files of a real campaign, through the public API: read back, tampered with, stripped, recorded. */
import { createInstallation, type Installation, type Program, until } from '#test/support/program.ts'
import { addSmallFormat, smallSegments, smallTemplate } from '#test/support/small-campaign.ts'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Rendition {
  id: string
  url: string
  poster_url: string
  preview_url: string
  sha256: string
  disclosure: Record<string, unknown>
  provenance: { status: string; manifest_id: string; digital_source_type: string; clips: { model: string }[] }
}
interface Verified {
  status: string
  trusted: boolean
  summary: string
  campaign_id: string | null
  models: unknown[]
  sha256: string
  record: { exact: boolean; files: { campaign_id: string; kind: string }[] } | null
}

let installation: Installation
let program: Program
let campaignId: string
let variant: { id: string; locale: string; renditions: Rendition[] }
let folder: string

const launch = async (more: object = {}) => {
  const answer = await program.call<{ id: string }>('POST', '/v1/campaigns', {
    name: 'Marked',
    launch: true,
    template: smallTemplate,
    segments: smallSegments(1),
    ...more,
  })
  if (answer.status !== 201) throw new Error(answer.text)
  const { id } = answer.body
  const path = `/v1/campaigns/${id}`
  await until(
    () => program.call<{ status: string }>('GET', path),
    ({ body }) => ['completed', 'plan_failed'].includes(body.status),
  )
  return id
}
const variantsOf = async (id: string) =>
  (await program.call<{ data: (typeof variant)[] }>('GET', `/v1/variants?campaign_id=${id}`)).body.data

const download = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer())

async function verify(bytes: Buffer): Promise<Verified> {
  const answer = await fetch(`${program.url}/v1/provenance/verify`, {
    method: 'POST',
    headers: { authorization: `Bearer ${installation.apiKey}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Verified
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spotsmith-marks-'))
  installation = await createInstallation()
  program = await installation.start()
  await addSmallFormat(program)
  campaignId = await launch()
  variant = (await variantsOf(campaignId))[0]!
}, 180_000)
afterAll(async () => {
  await installation.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a finished file', () => {
  it('says in the API how people and machines are told', () => {
    const [rendition] = variant.renditions
    expect(rendition!.disclosure).toEqual({ kind: 'ai_generated', label: 'Made with AI', style: 'text', reason: null })
    expect(rendition!.provenance).toMatchObject({ status: 'development', watermark: 'none' })
    // The storyboard is an algorithm, and no trained model.
    expect(rendition!.provenance.digital_source_type).toMatch(/\/algorithmicMedia$/)
  })

  it.each(['url', 'poster_url', 'preview_url'] as const)('reads back as valid: %s', async (name) => {
    const bytes = await download(variant.renditions[0]![name])
    const found = await verify(bytes)
    expect(found).toMatchObject({ status: 'valid', trusted: false, campaign_id: campaignId })
    expect(found.models).toEqual([{ provider: 'storyboard', model: expect.any(String) as string }])
    expect(found.record).toMatchObject({ exact: true })
    expect(found.record!.files.map((file) => file.campaign_id)).toEqual([campaignId])
    expect(bytes.toString('latin1')).toContain('Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/')
  })

  it('is invalid with one flipped bit, and the record knows that it is not what was delivered', async () => {
    const bytes = await download(variant.renditions[0]!.url)
    const at = bytes.indexOf('mdat') + 200
    bytes[at] = bytes[at]! ^ 1
    const found = await verify(bytes)
    expect(found.status).toBe('invalid')
    expect(found.summary).toContain('not as it was signed')
    expect(found.record).toMatchObject({ exact: false, files: [{ campaign_id: campaignId, kind: 'video' }] })
  })

  it('has no manifest once it is stripped', async () => {
    const stripped = withoutManifest(await download(variant.renditions[0]!.url))
    expect(await verify(stripped)).toMatchObject({ status: 'no_manifest', record: null })
  })

  it('is no file of a campaign when it is something else', async () => {
    expect(await verify(Buffer.from('GIF89a, or so it says'))).toMatchObject({ status: 'unreadable' })
  })

  it('can be verified without a service', async () => {
    const path = join(folder, 'ad.mp4')
    await writeFile(path, await download(variant.renditions[0]!.url))
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [resolve('src/verify-provenance.ts'), ...args], { encoding: 'utf8' })
    const good = run(path)
    expect(good.stdout).toContain('valid')
    expect(good.stdout).toContain(campaignId)
    expect(good.status).toBe(0)
    const trusted = run(path, '--trust', join(installation.dataDir, 'development-certificate.pem'))
    expect(trusted.stdout).toContain('the signer is trusted')
    const bytes = await readFile(path)
    await writeFile(path, withoutManifest(bytes))
    expect(run(path).status).toBe(1)
    expect(run(join(folder, 'nothing.mp4')).status).toBe(2)
  })
})

describe('the evidence record', () => {
  it('has a line per file as JSON and as CSV', async () => {
    const json = await program.call<{ data: Record<string, unknown>[] }>('GET', `/v1/campaigns/${campaignId}/evidence`)
    expect(json.body.data.map((row) => row['file'])).toEqual(['video', 'preview', 'poster'])
    const [video] = json.body.data
    expect(video).toMatchObject({
      sha256: variant.renditions[0]!.sha256,
      label_kind: 'ai_generated',
      label_text: 'Made with AI',
      provenance_status: 'development',
      manifest_id: variant.renditions[0]!.provenance.manifest_id,
      watermark: 'none',
      vendor_watermark: 'the vendor states none',
      review_decision: 'not asked for',
      segment_key: 's0',
    })
    expect(video!['prompt_sha256']).toMatch(/^[0-9a-f]{64}$/)
    expect(video!['attempt_ids']).toMatch(/^att_/)
    expect(Date.parse(video!['submitted_at'] as string)).not.toBeNaN()
    const csv = await program.call('GET', `/v1/campaigns/${campaignId}/evidence?format=csv`)
    expect(csv.text.trim().split('\n')).toHaveLength(4)
    expect(csv.text).toContain(variant.renditions[0]!.sha256)
  })

  it('is another workspace’s secret', async () => {
    const other = await program.call('GET', '/v1/campaigns/cmp_00000000000000000000000000/evidence')
    expect(other.status).toBe(404)
  })
})

describe('the label', () => {
  it('is switched off with a reason, which is kept with the file and in the audit log', async () => {
    const disclosure = { label: 'none', reason: 'Satire, cleared by legal' }
    const id = await launch({ template: { ...smallTemplate, disclosure } })
    const [off] = await variantsOf(id)
    expect(off!.renditions[0]!.disclosure).toMatchObject({ kind: 'none', label: null, reason: disclosure.reason })
    expect(off!.renditions[0]!.sha256).not.toBe(variant.renditions[0]!.sha256)
    // The marks for machines stay.
    expect(await verify(await download(off!.renditions[0]!.url))).toMatchObject({ status: 'valid', disclosure: 'none' })
    const audit = await program.call('GET', '/v1/audit-log')
    expect(audit.text).toContain(disclosure.reason)
  })

  it('is not made again for an equal rendition of another campaign, which shares the signed file', async () => {
    const id = await launch()
    const [again] = await variantsOf(id)
    expect(again!.renditions[0]).toMatchObject({ sha256: variant.renditions[0]!.sha256, provenance: { status: 'development' } })
    const found = await verify(await download(again!.renditions[0]!.url))
    expect(found.campaign_id).toBe(campaignId)
    expect(new Set(found.record!.files.map((file) => file.campaign_id))).toEqual(new Set([campaignId, id]))
  })

  it.each([
    [{ label: false }, 'reason_missing'],
    [{ text: 'Made with care' }, 'label_without_ai'],
    [{ text: 'FAIR' }, 'label_without_ai'],
    [{ style: 'icon', text: 'AI' }, 'text_unused'],
  ])('is refused as %j', async (disclosure, code) => {
    const answer = await program.call('POST', '/v1/templates', { template: { ...smallTemplate, disclosure } })
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining(code) as string])
  })
})

it('keeps the development certificate to itself', async () => {
  expect((await stat(join(installation.dataDir, 'development-certificate.pem'))).mode & 0o777).toBe(0o600)
})

/** What a stream copy does: everything but the box with the manifest. */
function withoutManifest(bytes: Buffer): Buffer {
  const c2paUuid = Buffer.from('d8fec3d61b0e483c92975828877ec481', 'hex')
  const kept: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at)
    if (!bytes.subarray(at + 8, at + 24).equals(c2paUuid)) kept.push(bytes.subarray(at, at + size))
    at += size
  }
  return Buffer.concat(kept)
}
