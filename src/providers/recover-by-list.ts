/**
 * Finds a job whose answer was lost in the vendor's list. A job counts as the attempt's only when every echoed field is
 * equal, it was made about when the attempt was sent, and no other attempt has it; "absent" only when the list is known
 * to be complete for that time and shows nothing that might be it. Everything else is undetermined: a person looks, nobody pays twice.
 */
import { z } from 'zod'
import type { Dialect } from './dialects.ts'
import { at, readJob } from './job.ts'
import type { Attempt, RecoverOutcome } from './provider.ts'
import { echoesOf } from './request.ts'
import type { Seen } from './wire.ts'

/** Clocks of vendor and service may differ by this. */
const clockSkewMs = 120_000
const pageSize = 100
const mostPages = 50

const pageSchema = z.object({ data: z.array(z.unknown()), has_more: z.boolean().optional().catch(undefined) })

interface Dependencies {
  readonly dialect: Dialect
  readonly model: string
  readonly windowSeconds: number
  readonly now: number
  readonly list: (query: Record<string, string>) => Promise<Seen>
}

interface Item {
  readonly id: string
  readonly createdAtMs: number | undefined
  readonly json: unknown
}

const undetermined = (reason: string): RecoverOutcome => ({ kind: 'undetermined', reason })

/** Whether every later page is older than `since`: only where this page is in order, newest first. */
function endsBefore(items: readonly Item[], since: number): boolean {
  const times = items.map(({ createdAtMs }) => createdAtMs)
  const newestFirst = times.every((time, i) => time !== undefined && (i === 0 || time <= times[i - 1]!))
  return newestFirst && times.length > 1 && times[0]! > times.at(-1)! && times.at(-1)! < since
}

type Collected = { readonly items: readonly Item[] } | { readonly fault: string }

async function collect({ dialect, list }: Dependencies, since: number): Promise<Collected> {
  const items: Item[] = []
  const ids = new Set<string>()
  for (let page = 0; page < mostPages; page++) {
    const after = items.at(-1)?.id
    const seen = await list({ limit: String(pageSize), order: 'desc', ...(after !== undefined && { after }) })
    const parsed = seen.kind === 'answer' && seen.status === 200 ? pageSchema.safeParse(seen.json) : undefined
    if (!parsed?.success) return { fault: 'The provider’s list could not be read.' }
    const { data, has_more } = parsed.data
    const read = data.map((json) => ({ json, job: readJob(json, dialect) }))
    const found = read.flatMap(({ json, job }) => (job ? [{ json, id: job.id, createdAtMs: job.createdAtMs }] : []))
    if (found.length < data.length) return { fault: 'The provider’s list has entries without an id.' }
    const fresh = found.filter(({ id }) => !ids.has(id))
    for (const { id } of fresh) ids.add(id)
    items.push(...fresh)
    const last = has_more === false || (has_more === undefined && data.length !== pageSize)
    if (last || data.length === 0 || endsBefore(found, since)) return { items }
    if (fresh.length === 0) return { fault: 'The provider’s list does not page.' }
  }
  return { fault: 'The provider’s list is too long to be read whole.' }
}

type Likeness = 'equal' | 'possible' | 'different'

/**
 * Absence is what leads to a second payment, so only another prompt makes a job certainly another one. A vendor that leaves
 * a field out, or calls a model or size by another name, leaves it possible.
 */
function likenessOf({ json, createdAtMs }: Item, echoes: Readonly<Record<string, string>>, promptName: string): Likeness {
  const said = Object.keys(echoes).map((name) => [name, at(json, name)] as const)
  const unknown = said.some(([, value]) => value === undefined || value === null) || createdAtMs === undefined
  const different = said.filter(([name, value]) => value !== undefined && value !== null && textOf(value) !== echoes[name])
  if (different.some(([name]) => name === promptName)) return 'different'
  return unknown || different.length > 0 ? 'possible' : 'equal'
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** @returns `absent` for this one call; whoever asks believes it after a while and more than once */
export async function recoverByList(attempt: Attempt, dependencies: Dependencies): Promise<RecoverOutcome> {
  const { dialect, model, windowSeconds, now } = dependencies
  if (!dialect.list) return undetermined('The provider has no list of jobs.')
  const since = attempt.submittedAt.getTime() - clockSkewMs
  const collected = await collect(dependencies, since)
  if ('fault' in collected) return undetermined(collected.fault)

  const claim = ({ json }: Item) => at(json, dialect.fields.attempt) ?? undefined
  const claimed = collected.items.filter((item) => claim(item) === attempt.id)
  if (claimed.length > 1) return undetermined('The provider made more than one job of the request.')
  if (claimed[0]) return { kind: 'found', jobRef: { id: claimed[0].id } }

  const others = new Set((attempt.otherJobRefs ?? []).map((jobRef) => at(jobRef, 'id')))
  const free = collected.items.filter(
    (item) => !others.has(item.id) && claim(item) === undefined && (item.createdAtMs ?? Infinity) >= since,
  )
  const echoes = echoesOf({ dialect, model, attempt }, dialect.list.echoes)
  const like = (likeness: Likeness) => free.filter((item) => likenessOf(item, echoes, dialect.fields.prompt) === likeness)
  const equal = like('equal')
  if (equal.length > 1) return undetermined(`${equal.length} jobs of the provider’s list could be this one.`)
  if (equal[0]) {
    if (!attempt.equalOpenAttempts) return { kind: 'found', jobRef: { id: equal[0].id } }
    return undetermined('Another attempt with an equal request has no answer either: the job could be its.')
  }
  if (like('possible').length > 0)
    return undetermined('The provider’s list shows jobs that could be this one, without saying enough.')
  const reachesBack = now - attempt.submittedAt.getTime() <= windowSeconds * 1000
  return reachesBack ? { kind: 'absent' } : undetermined('The provider’s list no longer reaches back that far.')
}
