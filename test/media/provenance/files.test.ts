import { digitalSourceTypes } from '#src/contracts/provenance.ts'
import { verifyAny, verifyFile } from '#src/media/provenance/verify-file.ts'
import { boxesOf, claim, clipPath, signInto, withoutManifest } from '#test/support/signed-file.ts'
import { developmentSigner } from '#test/support/signer.ts'
import * as fc from 'fast-check'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let dir: string
let signed: Awaited<ReturnType<typeof signInto>>
let video: Buffer
const signer = developmentSigner()

const verify = async (bytes: Uint8Array) => {
  const path = join(dir, 'changed')
  await writeFile(path, bytes)
  return await verifyAny({ path, trusted: null })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spotsmith-files-'))
  signed = await signInto(dir, signer)
  video = await readFile(signed.files.video)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('a signed file', () => {
  it('says by whom, with what and from which campaign it was made', async () => {
    const found = await verifyFile(signed.files.video, { format: 'video/mp4', trusted: null })
    expect(found).toMatchObject({
      status: 'valid',
      trusted: false,
      manifest_id: signed.signed.manifests.video,
      claim_generator: expect.stringMatching(/^Spotsmith \d/) as string,
      campaign_id: 'cmp_test',
      disclosure: 'ai_generated',
      digital_source_type: digitalSourceTypes.composite,
      models: [{ provider: 'sim', model: 'wan-3.0' }],
      faults: [],
    })
    expect(found.ingredients).toEqual([
      { title: 'Clip 1, made with wan-3.0 of sim', claim_generator: null, signed_by: null, valid: null },
    ])
  })

  it('has its boxes in the order it had, and three manifests', async () => {
    const order = (bytes: Buffer) => boxesOf(bytes).flatMap(({ type }) => (type === 'uuid' ? [] : [type]))
    expect(order(video)).toEqual(order(await readFile(clipPath)))
    expect(new Set(Object.values(signed.signed.manifests)).size).toBe(3)
  })

  it('costs less than 20 KB', async () => {
    const { size } = await stat(clipPath)
    expect(video.length - size).toBeLessThan(20_000)
  })

  it('says IPTC’s source type in XMP too', async () => {
    for (const path of Object.values(signed.files)) {
      const text = (await readFile(path)).toString('latin1')
      expect(text).toContain(`Iptc4xmpExt:DigitalSourceType="${digitalSourceTypes.composite}"`)
      expect(text).toContain('Iptc4xmpExt:AISystemUsed="sim/wan-3.0"')
    }
  })

  it('is invalid with one flipped bit anywhere in the media or in its XMP', async () => {
    const media = boxesOf(video).filter(({ type, isManifest }) => !isManifest && !['ftyp', 'free'].includes(type))
    expect(media.map(({ type }) => type).sort()).toEqual(['mdat', 'moov', 'uuid'])
    // Sizes and names of boxes included, but not so that the walk over them ends elsewhere by chance.
    const place = fc.constantFrom(...media).chain(({ start, end }) => fc.integer({ min: start, max: end - 1 }))
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const changed = Buffer.from(video)
        changed[at] = changed[at]! ^ (1 << bit)
        expect((await verify(changed)).status).not.toBe('valid')
      }),
      { numRuns: 60 },
    )
  })

  it('is invalid when bytes are added or missing at its end', async () => {
    expect((await verify(Buffer.concat([video, Buffer.from('\0\0\0\x0cfreemore')]))).status).toBe('valid') // padding is no media
    expect((await verify(video.subarray(0, -5))).status).not.toBe('valid')
    expect((await verify(Buffer.concat([video, Buffer.alloc(40, 1)]))).status).not.toBe('valid')
  })

  it('has no manifest after a stream copy', async () => {
    expect(await verify(withoutManifest(video))).toMatchObject({ status: 'no_manifest', faults: [] })
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['a picture of another kind', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('is told from %s', async (_name, bytes) => {
    expect((await verify(bytes)).status).toBe('unreadable')
  })

  it('never makes the reader throw, whatever becomes of it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(video.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 }),
        async (edits) => {
          const changed = Buffer.from(video)
          for (const [at, value] of edits) changed[at] = value
          expect((await verify(changed)).summary).not.toBe('')
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a clip that carries a manifest of its vendor', () => {
  const vendor = developmentSigner()

  async function composeFrom(change: (clip: Buffer) => Buffer) {
    const from = await mkdtemp(join(dir, 'vendor-'))
    const made = await signInto(from, vendor, { claim: claim({ title: 'Clip', campaignId: 'vendor' }) })
    const clip = join(from, 'clip.mp4')
    await writeFile(clip, change(await readFile(made.files.video)))
    const result = await signInto(from, signer, { clip })
    return { ...result, found: await verifyFile(result.files.video, { format: 'video/mp4', trusted: null }) }
  }

  it('keeps it as an ingredient', async () => {
    const { found, signed: facts } = await composeFrom((clip) => clip)
    expect(found).toMatchObject({ status: 'valid', title: 'Video ad, test_9x16' })
    expect(found.ingredients).toMatchObject([{ claim_generator: expect.stringMatching(/^Spotsmith/) as string, valid: true }])
    expect(facts.vendor_manifests).toMatchObject([{ clip_sha256: 'clip', valid: true }])
  })

  it('keeps it too when it was broken, and says so', async () => {
    const { found, signed: facts } = await composeFrom((clip) => {
      const at = clip.indexOf('mdat') + 100
      clip[at] = clip[at]! ^ 1
      return clip
    })
    expect(found.status).toBe('valid')
    expect(found.ingredients).toMatchObject([{ valid: false }])
    expect(facts.vendor_manifests).toMatchObject([{ valid: false }])
  })
})

describe('signing that fails', () => {
  it('says the signer’s own reason', async () => {
    const failing = { ...signer, sign: () => Promise.reject(new Error('The key service is away.')) }
    await expect(signInto(await mkdtemp(join(dir, 'f-')), failing)).rejects.toThrow('The key service is away.')
  })

  it('notices a signature that is none', async () => {
    const wrong = { ...signer, sign: () => Promise.resolve(new Uint8Array(signer.reservedBytes)) }
    await expect(signInto(await mkdtemp(join(dir, 'f-')), wrong)).rejects.toThrow(/cannot be signed|does not verify/)
  })
})
