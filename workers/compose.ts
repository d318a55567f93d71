/** One rendition: prepare (what it is made from), perform (make it and store it), record (files, status, event at once). */
import type { ComposeResult } from '#src/contracts/composition.ts'
import type { SigningIdentity } from '#src/contracts/provenance.ts'
import type { RenditionRow } from '#src/database/renditions.ts'
import type { Artefact, Compose, Finished, Prepared } from '#src/domain/variant/service-compose.ts'
import { signedPart } from '#src/domain/variant/provenance.ts'
import type { Compositor } from '#src/media/compositor.ts'
import type { ObjectStore } from '#src/storage/storage.ts'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { AssetCache } from './asset-cache.ts'
import type { TempDirs } from './temp-dirs.ts'
import type { WorkHandler } from './worker.ts'

export interface ComposeHandlerDependencies {
  readonly compose: Compose
  readonly compositor: Pick<Compositor, 'compose'>
  /** Who signs what the compositor makes. */
  readonly signer: SigningIdentity
  readonly store: Pick<ObjectStore, 'put'>
  readonly assets: AssetCache
  readonly tempDirs: TempDirs
}

const kinds = {
  video: { extension: 'mp4', mediaType: 'video/mp4' },
  poster: { extension: 'jpg', mediaType: 'image/jpeg' },
  preview: { extension: 'mp4', mediaType: 'video/mp4' },
} as const satisfies Record<Artefact['kind'], { extension: string; mediaType: string }>

type Kind = keyof typeof kinds
type Work = Extract<Prepared, { kind: 'compose' }>

export function createComposeHandler(deps: ComposeHandlerDependencies): WorkHandler<RenditionRow> {
  const { compose, compositor, signer, store, assets, tempDirs } = deps

  /**
   * The key names the content, so that a late write of a worker that lost its lease, or of another worker that makes an
   * equal rendition at the same time, replaces nothing by something else.
   */
  async function keep(kind: Kind, path: string, prefix: string, signal: AbortSignal): Promise<Artefact> {
    const { extension, mediaType } = kinds[kind]
    const objectKey = `${prefix}/${kind}-${await digestOfFile(path)}.${extension}`
    const { bytes, sha256 } = await store.put(objectKey, createReadStream(path), { mediaType, signal })
    return { kind, objectKey, mediaType, bytes, sha256 }
  }

  async function make(dir: string, { composition, claim }: Work, paths: Record<string, string>, signal: AbortSignal) {
    const files = { video: join(dir, 'video.mp4'), poster: join(dir, 'poster.jpg'), preview: join(dir, 'preview.mp4') }
    const result: ComposeResult = await compositor.compose(composition, paths, files, { signal, claim })
    if (!result.signed) throw new Error('The compositor has left the files unsigned.')
    return { files, result, signed: signedPart(result.signed, signer) }
  }

  async function perform(row: RenditionRow, work: Work, signal: AbortSignal): Promise<Finished> {
    const { renditionKey } = work
    return await assets.use(work.assets, signal, (paths) =>
      tempDirs.use(async (dir) => {
        const { files, result, signed } = await make(dir, work, paths, signal)
        const prefix = `${row.workspace_id}/renditions/${renditionKey}`
        const artefacts: Artefact[] = []
        for (const kind of Object.keys(kinds) as Kind[]) artefacts.push(await keep(kind, files[kind], prefix, signal))
        const { seconds, width, height, qa } = result
        return { renditionKey, seconds, width, height, qa, artefacts, signed }
      }),
    )
  }

  return {
    kind: 'compose',
    async handle(row, lease, { signal }) {
      const prepared = await compose.prepare(row, lease)
      const fields = { variant_id: row.variant_id, campaign_id: row.campaign_id, format: row.format }
      if (prepared.kind === 'not_ready') return { ...fields, outcome: 'not_ready' }
      const finished = prepared.kind === 'reuse' ? prepared.finished : await perform(row, prepared, signal)
      await compose.recordReady(row, lease, finished)
      const bytes = finished.artefacts.find(({ kind }) => kind === 'video')?.bytes ?? 0
      return { ...fields, outcome: prepared.kind, bytes }
    },
    giveUp: (row, error, lease) => compose.recordFailed(row, lease, error),
  }
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
