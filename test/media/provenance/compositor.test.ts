/** Signing where files are made: in a child that has no key. */
import { Retryable } from '#src/errors.ts'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import type { ClaimSigner } from '#src/media/provenance/claim-signer.ts'
import { createClaimSigner } from '#src/media/provenance/claim-signer.ts'
import { createPemSigner } from '#src/media/provenance/signer-pem.ts'
import { moovFirst, topBoxes } from '#src/media/qa-boxes.ts'
import { makeChain } from '#test/support/certificates.ts'
import { claim } from '#test/support/signed-file.ts'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compositionFor } from '../compose-support.ts'

let root: string
let folder: string
let clip: string
let compositor: Compositor
const chain = makeChain()
const signer = createClaimSigner(createPemSigner({ status: 'signed', ...chain, now: () => Date.now() }))
/** What the signer does now. */
let sign: ClaimSigner['sign'] = signer.sign

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'spotsmith-signing-'))
  const current: ClaimSigner = { ...signer, sign: (bytes) => sign(bytes) }
  compositor = createCompositor({ processes: 1, tempDir: join(root, 'children'), signer: current })
  clip = join(root, 'clip.mp4')
  await compositor.storyboard({ prompt: 'Sea', seconds: 1, width: 180, height: 320, fps: 12, audio: false, seed: 0 }, clip)
})
afterAll(async () => {
  await compositor.close()
  await rm(root, { recursive: true, force: true })
})
beforeEach(async () => {
  sign = signer.sign
  folder = await mkdtemp(join(root, 'out-'))
})

const files = () => ({ video: join(folder, 'v.mp4'), poster: join(folder, 'p.jpg'), preview: join(folder, 'w.mp4') })
const compose = () =>
  compositor.compose(compositionFor({ clips: [{ sha256: 'clip', seconds: 1 }] }), { clip }, files(), { claim: claim() })

describe('a compositor with a signer', () => {
  it('signs all three files; its children never see the key', async () => {
    const asked: Uint8Array[] = []
    sign = (bytes) => {
      asked.push(bytes)
      return signer.sign(bytes)
    }
    const { signed } = await compose()
    expect(asked).toHaveLength(3)
    for (const name of ['video', 'poster', 'preview'] as const) {
      const found = await compositor.verify(files()[name], { trusted: chain.root })
      expect(found).toMatchObject({ status: 'valid', trusted: true, manifest_id: signed!.manifests[name] })
    }
    expect(moovFirst(await topBoxes(files().video))).toBe(true)
  })

  it('leaves no file where one was to be signed and could not be', async () => {
    sign = () => Promise.reject(new Retryable('The signing certificate expired on 2026-01-01.', { afterMs: 300_000 }))
    const failed = compose()
    await expect(failed).rejects.toThrow('The signing certificate expired on 2026-01-01.')
    await expect(failed).rejects.toMatchObject({ name: 'Retryable', afterMs: 300_000 })
    expect(await readdir(folder)).toEqual([])
  })

  it('leaves none either when the signature is worth nothing', async () => {
    sign = () => Promise.resolve(new Uint8Array(signer.reservedBytes))
    await expect(compose()).rejects.toThrow(/signed/)
    expect(await readdir(folder)).toEqual([])
  })

  it('says so when the target cannot be written, and leaves nothing unsigned', async () => {
    await mkdir(files().poster)
    await writeFile(join(files().poster, 'in-the-way'), '')
    await expect(compose()).rejects.toThrow(/p\.jpg|EISDIR|ENOTEMPTY|ENOTDIR/)
    expect((await readdir(folder)).filter((name) => name !== 'p.jpg')).toEqual([])
  })

  it('goes on after a failure', async () => {
    expect((await compose()).signed).not.toBeNull()
  })
})

it('refuses a claim when it has no signer, before anything is made', async () => {
  const none = createCompositor({ processes: 1, tempDir: join(root, 'none') })
  const made = none.compose(compositionFor(), { a: clip }, files(), { claim: claim() })
  await expect(made).rejects.toThrow(/without a signer/)
  await none.close()
})
