/** Which function does which job. Each is loaded with its first use: probing a clip needs no fonts. */
import type { Job, JobKind, Jobs } from './protocol.ts'

type Performers = { readonly [K in JobKind]: (input: Jobs[K]['input']) => Promise<Jobs[K]['output']> }

const performers: Performers = {
  compose: async (input) => (await import('./compositor-compose.ts')).compose(input),
  still: async (input) => (await import('./compositor-still.ts')).still(input),
  measure: async ({ compositions, assets }) => (await import('./draw.ts')).measureFindings(compositions, assets),
  storyboard: async (input) => (await import('./storyboard.ts')).renderStoryboard(input),
  probe: async ({ path }) => {
    const { seconds, width, height, fps, hasAudio, videoCodec } = await (await import('./probe.ts')).probeClip(path)
    return { seconds, width, height, fps, hasAudio, videoCodec }
  },
  inspectImage: async ({ path }) => (await import('./probe-image.ts')).inspectImage(path),
}

export const performJob = (job: Job): Promise<unknown> => {
  const perform = performers[job.kind] as (input: unknown) => Promise<unknown>
  return perform(job.input)
}
