/** A compositor in memory: its files are the digest of the composition, so equal compositions give equal bytes. */
import type { AssetPaths, ClipFacts, ComposedFiles, Composition } from '#src/contracts/composition.ts'
import { digestOf } from '#src/domain/expansion/canonical.ts'
import { readFile, writeFile } from 'node:fs/promises'

const facts: ClipFacts = { seconds: 1, width: 180, height: 320, fps: 30, hasAudio: false, videoCodec: 'h264' }

const labels = { video: 'urn:c2pa:video', poster: 'urn:c2pa:poster', preview: 'urn:c2pa:preview' }

export function createFakeCompositor() {
  const composed: Composition[] = []
  const orders = {
    probe: async (_path: string): Promise<ClipFacts> => facts,
    /** Before anything is written. */
    beforeCompose: async (_composition: Composition): Promise<void> => {},
  }
  return {
    composed,
    orders,
    probe: (path: string) => orders.probe(path),
    async compose(composition: Composition, assets: AssetPaths, files: ComposedFiles) {
      composed.push(composition)
      await orders.beforeCompose(composition)
      for (const { sha256 } of composition.clips) await readFile(assets[sha256]!)
      for (const [kind, path] of Object.entries(files)) await writeFile(path, `${kind} ${digestOf(composition)}`)
      const { width, height } = composition.format
      return { seconds: 2, width, height, qa: { ok: true }, signed: { manifests: labels, vendor_manifests: [] } }
    },
  }
}
