/** A small file with a manifest, and what may happen to it afterwards. */
import { digitalSourceTypes, type ProvenanceClaim } from '#src/contracts/provenance.ts'
import type { ClaimSigner } from '#src/media/provenance/claim-signer.ts'
import { signFiles } from '#src/media/provenance/sign-file.ts'
import { createCanvas } from '@napi-rs/canvas'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const clipPath = new URL('../media/clips/wide-pixels.mp4', import.meta.url).pathname

export const claim = (more: Partial<ProvenanceClaim> = {}): ProvenanceClaim => ({
  title: 'Video ad, test_9x16',
  disclosure: 'ai_generated',
  digitalSourceType: digitalSourceTypes.composite,
  clips: [{ sha256: 'clip', provider: 'sim', model: 'wan-3.0' }],
  campaignId: 'cmp_test',
  ...more,
})

/** Signs a video, a poster and a preview in `dir`. @param clip path of what they are said to be made from */
export async function signInto(dir: string, signer: ClaimSigner, { clip = clipPath, claim: said = claim() } = {}) {
  const files = { video: join(dir, 'video.mp4'), poster: join(dir, 'poster.jpg'), preview: join(dir, 'preview.mp4') }
  await copyFile(clipPath, files.video)
  await copyFile(clipPath, files.preview)
  await writeFile(files.poster, await createCanvas(64, 64).encode('jpeg'))
  const { algorithm, reservedBytes, sign, identity } = signer
  const signed = await signFiles(
    files,
    { clip },
    { claim: said, algorithm, reservedBytes, timestamped: identity.timestamped, sign },
  )
  return { files, signed }
}

const c2paUuid = Buffer.from('d8fec3d61b0e483c92975828877ec481', 'hex')

interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly isManifest: boolean
}

/** The top-level boxes of an MP4. */
export function boxesOf(mp4: Buffer): Box[] {
  const boxes: Box[] = []
  for (let start = 0; start < mp4.length;) {
    const end = start + mp4.readUInt32BE(start)
    const type = mp4.toString('latin1', start + 4, start + 8)
    boxes.push({ type, start, end, isManifest: mp4.subarray(start + 8, start + 24).equals(c2paUuid) })
    start = end
  }
  return boxes
}

/** What a stream copy leaves: everything but the box with the manifest. */
export const withoutManifest = (mp4: Buffer): Buffer =>
  Buffer.concat(boxesOf(mp4).flatMap(({ start, end, isManifest }) => (isManifest ? [] : [mp4.subarray(start, end)])))
