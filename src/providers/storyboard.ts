/**
 * The built-in provider: an animatic of the prompt, drawn here, for nothing. The default, the tests' source of clips, and
 * a way to see plan, layout and review before any money. It keeps no state: a job's reference is the clip's description,
 * so that nothing can be lost, and recovery is trivial.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { StoryboardSpec } from '#src/contracts/composition.ts'
import type { ClipSpec, ModelCard } from '#src/contracts/model-card.ts'
import { frameSize } from './frame-size.ts'
import type { OpenedOutput, VideoProvider } from './provider.ts'

const framesPerSecond = 30

const card: ModelCard = Object.freeze({
  id: 'storyboard/animatic',
  title: 'Storyboard (built in)',
  durations: { min: 1, max: 30 },
  aspectRatios: ['9:16', '4:5', '1:1', '16:9', '2:3'],
  /** 180p is for tests, whose clips are to take no time. */
  resolutions: ['180p', '480p', '720p', '1080p'],
  audio: 'optional',
  accepts: ['seed'],
  maxCostMicroUsd: () => 0,
  priceCheckedAt: '2026-11-22',
  priceMicroUsdPerSecond: { '180p': 0, '480p': 0, '720p': 0, '1080p': 0 },
  recovery: { kind: 'client-id' },
  chargedOnRefusal: 'no',
  resultTtlSeconds: 315_360_000,
  maxInFlight: 1000,
  submitsPerMinute: 100_000,
  typicalSeconds: 3,
  draft: true,
} satisfies ModelCard)

const jobSchema = z.object({
  prompt: z.string(),
  seconds: z.number(),
  width: z.number(),
  height: z.number(),
  fps: z.number(),
  audio: z.boolean(),
  seed: z.number(),
})

const seedOf = (clip: ClipSpec): number =>
  clip.seed ??
  createHash('sha256')
    .update(JSON.stringify([clip.prompt, clip.aspectRatio]))
    .digest()
    .readUInt32BE()

function describe(clip: ClipSpec): StoryboardSpec {
  const { prompt, seconds, audio } = clip
  return { prompt, seconds, audio, fps: framesPerSecond, seed: seedOf(clip), ...frameSize(clip.aspectRatio, clip.resolution) }
}

interface Dependencies {
  /** The compositor's `storyboard`: writes an MP4 to the path. */
  readonly render: (spec: StoryboardSpec, path: string, run: { signal?: AbortSignal }) => Promise<void>
  /** Where clips are drawn before they are read; made when it is not there. */
  readonly workDir: string
}

export function createStoryboardProvider({ render, workDir }: Dependencies): VideoProvider {
  /** Removed when the reader is done, gives up or fails. */
  async function openRendered(path: string): Promise<OpenedOutput> {
    const { size } = await stat(path)
    const file = createReadStream(path)
    file.once('close', () => void rm(path, { force: true }))
    return { body: Readable.toWeb(file) as ReadableStream<Uint8Array>, mediaType: 'video/mp4', bytes: size }
  }

  return {
    id: 'storyboard',
    models: () => [card],
    submit: ({ clip }) => Promise.resolve({ kind: 'accepted', jobRef: { ...describe(clip) }, replayed: false, evidence: {} }),
    recover: ({ clip }) => Promise.resolve({ kind: 'found', jobRef: { ...describe(clip) } }),
    /** The drawing is done by whoever fetches the clip, whose time and slot it is. */
    poll: (jobRef) => Promise.resolve({ kind: 'succeeded', outputs: [{ kind: 'video', handle: jobRef }], costMicroUsd: 0 }),
    async open(output, _jobRef, _attempt, { signal }) {
      const spec = jobSchema.parse(output.handle)
      await mkdir(workDir, { recursive: true })
      const path = join(workDir, `storyboard-${randomUUID()}.mp4`)
      try {
        await render(spec, path, { signal })
        return await openRendered(path)
      } catch (error) {
        await rm(path, { force: true })
        throw error
      }
    },
    cancel: () => Promise.resolve('cancelled'),
  }
}
