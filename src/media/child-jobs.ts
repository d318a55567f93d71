/** Which function does which job. Each is loaded with its first use: probing a clip needs no fonts. */
import type { SignClaim } from './child-questions.ts'
import type { Job, JobKind, Jobs } from './protocol.ts'

interface Service {
  readonly sign: SignClaim
}
type Performers = { readonly [K in JobKind]: (input: Jobs[K]['input'], service: Service) => Promise<Jobs[K]['output']> }

const performers: Performers = {
  compose: async (input, { sign }) => (await import('./compositor-compose.ts')).compose(input, sign),
  still: async (input) => (await import('./compositor-still.ts')).still(input),
  measure: async ({ compositions, assets }) => (await import('./draw.ts')).measureFindings(compositions, assets),
  storyboard: async (input) => (await import('./storyboard.ts')).renderStoryboard(input),
  probe: async ({ path }) => {
    const { seconds, width, height, fps, hasAudio, videoCodec } = await (await import('./probe.ts')).probeClip(path)
    return { seconds, width, height, fps, hasAudio, videoCodec }
  },
  inspectImage: async ({ path }) => (await import('./probe-image.ts')).inspectImage(path),
  verify: async (input) => (await import('./provenance/verify-file.ts')).verifyAny(input),
}

export const performJob = (job: Job, service: Service): Promise<unknown> => {
  const perform = performers[job.kind] as (input: unknown, service: Service) => Promise<unknown>
  return perform(job.input, service)
}
