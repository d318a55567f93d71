/** How the simulator speaks a dialect: from a submission's fields to what is wanted, and from a job to its description. */
import type { Dialect } from '../dialects.ts'
import { frameSize } from '../frame-size.ts'
import { costOf, type Job, type Wanted } from './jobs.ts'

type Fields = Readonly<Record<string, unknown>>

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined

function sizeOf(fields: Fields, names: Dialect['fields']): { width: number; height: number } | undefined {
  const value = (name: string | null) => (name === null ? undefined : text(fields[name]))
  const size = /^(\d+)x(\d+)$/.exec(value(names.size) ?? '')
  if (size) return { width: Number(size[1]), height: Number(size[2]) }
  const [width, height] = [Number(value(names.width)), Number(value(names.height))]
  if (width > 0 && height > 0) return { width, height }
  try {
    return frameSize(value(names.aspect_ratio) ?? '', value(names.resolution) ?? '')
  } catch {
    return undefined
  }
}

/** undefined for a submission that lacks what every vendor asks for. */
export function wantedOf(fields: Fields, { fields: names }: Dialect): Wanted | undefined {
  const [model, prompt, seconds] = [text(fields[names.model]), text(fields[names.prompt]), Number(fields[names.seconds])]
  const size = sizeOf(fields, names)
  if (!model || !prompt || !(seconds > 0) || !size) return undefined
  const audio = names.audio !== null && String(fields[names.audio]) === 'true'
  return { model, prompt, seconds, audio, resolution: `${Math.min(size.width, size.height)}p`, ...size }
}

interface Telling {
  readonly dialect: Dialect
  readonly now: number
  readonly resultUrl: (job: Job) => string
}

function put(target: Record<string, unknown>, path: string | null, value: unknown): void {
  if (path === null || value === undefined) return
  const keys = path.split('.')
  const inner = keys.slice(0, -1).reduce((object, key) => (object[key] ??= {}) as Record<string, unknown>, target)
  inner[keys.at(-1)!] = value
}

/** The dialect's own word for a state of the job. */
function statusOf(job: Job, now: number): 'queued' | 'in_progress' | 'completed' | 'failed' {
  if (now < job.endsAt) return now < job.acceptedAt + (job.endsAt - job.acceptedAt) / 4 ? 'queued' : 'in_progress'
  return job.fate.kind === 'fail' ? 'failed' : 'completed'
}

/** Echoes what was submitted, as vendors do, and adds what the dialect's paths lead to. */
export function describe(job: Job, { dialect, now, resultUrl }: Telling): Record<string, unknown> {
  const { answer, fields } = dialect
  const status = statusOf(job, now)
  const over = now >= job.endsAt
  const told: Record<string, unknown> = { object: 'video' }
  for (const name of Object.values(fields))
    if (name !== null && name in job.submission.fields) told[name] = job.submission.fields[name]
  put(told, answer.id, job.id)
  put(told, answer.status, status)
  put(told, answer.progress, Math.min(100, Math.floor((100 * (now - job.acceptedAt)) / Math.max(1, job.endsAt - job.acceptedAt))))
  put(told, answer.created_at, Math.floor(job.acceptedAt / 1000))
  put(
    told,
    answer.error,
    over && job.fate.kind !== 'video' ? { code: job.fate.code, message: job.fate.message, billed: job.fate.billed } : null,
  )
  if (over) put(told, answer.cost_usd, costOf(job) / 1e6)
  if (dialect.result !== 'content' && status === 'completed' && job.fate.kind === 'video')
    put(told, dialect.result.url, [resultUrl(job)])
  return told
}
