/** The unfinished files of a job, by their temporary names. */
import type { Job } from './protocol.ts'

export function partsOf(job: Job): readonly string[] {
  if (job.kind === 'compose') return Object.values(job.input.parts)
  return job.kind === 'storyboard' ? [job.input.part] : []
}
