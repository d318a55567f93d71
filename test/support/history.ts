/**
 * What must be true after every run, however it was disturbed: the promises of the product, compared between our rows,
 * the object store, the vendor's bill and what the receiver got. Each rule returns what breaks it; nothing is asserted here.
 */
import type { Simulator } from '#src/providers/simulator/server.ts'
import type { ObjectStore } from '#src/storage/storage.ts'
import { createHash } from 'node:crypto'
import type { Received } from './receiver.ts'

export type Query = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>

export interface Witnesses {
  readonly query: Query
  readonly store: Pick<ObjectStore, 'get'>
  readonly simulator: Pick<Simulator, 'jobs'>
  readonly received: readonly Received[]
}

type Rule = (witnesses: Witnesses) => Promise<string[]>

const list = (rows: readonly Record<string, unknown>[], what: string): string[] =>
  rows.slice(0, 10).map((row) => `${what}: ${JSON.stringify(row)}`)

const broken =
  (what: string, text: string): Rule =>
  async ({ query }) =>
    list(await query(text), what)

async function digestOf(body: AsyncIterable<unknown>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of body) {
    hash.update(chunk as Uint8Array)
    bytes += (chunk as Uint8Array).byteLength
  }
  return { bytes, sha256: hash.digest('hex') }
}

const storedAsRecorded: Rule = async ({ query, store }) => {
  const files = await query(`
    select distinct f.object_key, f.bytes::float8 as bytes, f.sha256 from files f where f.removed_at is null and f.id in (
      select unnest(array[video_file_id, poster_file_id, preview_file_id]) from renditions where status = 'ready'
      union all select clip_file_id from generations where status = 'ready')`)
  const faults: string[] = []
  for (const { object_key: key, bytes, sha256 } of files) {
    const stored = await store.get(String(key)).then(
      ({ body }) => digestOf(body),
      (error: unknown) => String(error),
    )
    if (typeof stored === 'string' || stored.bytes !== bytes || stored.sha256 !== sha256)
      faults.push(`The object ${String(key)} is not what was recorded: ${JSON.stringify(stored)}`)
  }
  return faults
}

/** The vendor's side: every submission was written down before it came, and none came twice. */
const submittedOnce: Rule = async ({ query, simulator }) => {
  const attempts = new Map((await query('select id, generation_id, status from attempts')).map((row) => [row['id'], row]))
  const seen = new Map<string | null, number>()
  for (const { key } of simulator.jobs.submissions) seen.set(key, (seen.get(key) ?? 0) + 1)
  const jobs = Map.groupBy(simulator.jobs.all(), ({ submission }) => attempts.get(submission.key)?.['generation_id'])
  return [
    ...[...seen].filter(([key]) => !attempts.has(key)).map(([key]) => `The vendor saw a submission without an attempt: ${key}`),
    ...[...seen].filter(([, count]) => count > 1).map(([key, count]) => `The attempt ${key} was sent ${count} times.`),
    ...[...jobs]
      .filter(([, of]) => paidByMistake(of.map(({ submission }) => String(attempts.get(submission.key)?.['status']))))
      .map(([id, of]) => `The generation ${String(id)} was bought ${of.length} times.`),
  ]
}

/** More than one job of a generation needs a reason: the earlier one failed, or somebody decided to buy again. */
const paidByMistake = (statuses: readonly string[]): boolean =>
  statuses.filter((status) => !['failed', 'superseded', 'abandoned'].includes(status)).length > 1

/** To the micro-USD: each attempt that has ended, and all of them together. An open one holds at least what it may cost. */
const billedAsBooked: Rule = async ({ query, simulator }) => {
  const booked = await query(`
    select a.id, a.status, coalesce(sum(l.micro_usd) filter (where l.kind in ('settle', 'adjust')), 0)::float8 as spent,
      coalesce(sum(l.micro_usd) filter (where l.kind in ('reserve', 'release')), 0)::float8 as reserved
    from attempts a left join ledger l on l.attempt_id = a.id group by 1, 2`)
  const billed = new Map<string | null, number>()
  for (const { key, micro_usd } of simulator.jobs.bill().lines) billed.set(key, (billed.get(key) ?? 0) + micro_usd)
  return booked.flatMap(({ id, status, spent, reserved }) => {
    const bill = billed.get(String(id)) ?? 0
    const open = ['uncertain', 'superseded'].includes(String(status))
    const right = open ? Number(spent) === 0 && Number(reserved) >= bill : Number(spent) === bill && Number(reserved) === 0
    return right
      ? []
      : [`The attempt ${String(id)} (${String(status)}): billed ${bill}, booked ${Number(spent)}, reserved ${Number(reserved)}`]
  })
}

/** What was committed came to the receiver under one id, and nothing else did. */
const toldOnce: Rule = async ({ query, received }) => {
  const events = new Map((await query('select id, type from events')).map((row) => [String(row['id']), String(row['type'])]))
  const got = new Set(received.map(({ id }) => id))
  return [
    ...[...events].filter(([id]) => !got.has(id)).map(([id, type]) => `The event ${id} (${type}) never came.`),
    ...[...got].filter((id) => !events.has(id)).map((id) => `The receiver got ${id}, which was never committed.`),
    ...received.filter(({ verified }) => !verified).map(({ id }) => `The signature of ${id} is wrong.`),
  ].slice(0, 20)
}

const rules: Readonly<Record<string, Rule>> = {
  'every variant is in exactly one terminal state': broken(
    'not ended',
    `select v.id, v.status from variants v join campaigns c on c.id = v.campaign_id
     where c.status = 'completed' and v.status not in ('ready', 'failed', 'rejected', 'cancelled')`,
  ),
  'a ready variant has every rendition ready': broken(
    'not ready',
    `select v.id, r.id as rendition, r.status from variants v join renditions r on r.variant_id = v.id
     where v.status = 'ready' and (r.status <> 'ready' or r.video_file_id is null or r.poster_file_id is null)`,
  ),
  'one event for each outcome': broken(
    'told otherwise',
    `select v.id, v.status, count(e.id) as events from variants v
     left join events e on e.subject_id = v.id and e.type in ('variant.ready', 'variant.failed', 'variant.rejected')
     where v.status in ('ready', 'failed', 'rejected') group by 1, 2
     having count(e.id) <> 1 or min(e.type) <> 'variant.' || v.status`,
  ),
  'a key is bought once': broken(
    'live twice',
    `select workspace_id, generation_key, count(*) from generations
     where status not in ('failed', 'cancelled', 'abandoned', 'removed') group by 1, 2 having count(*) > 1`,
  ),
  'nothing that ended is still held': broken(
    'held',
    `select id, status from generations where status in ('ready', 'failed', 'cancelled') and lease_token is not null
     union all select id, status from renditions where status in ('ready', 'failed', 'cancelled') and lease_token is not null`,
  ),
  "a campaign's figures are the ledger's": broken(
    'differs',
    `select c.id, c.reserved_micro_usd, c.spent_micro_usd, l.reserved, l.spent from campaigns c
     cross join lateral (
       select coalesce(sum(micro_usd) filter (where kind in ('reserve', 'release')), 0) as reserved,
         coalesce(sum(micro_usd) filter (where kind in ('settle', 'adjust')), 0) as spent
       from ledger where campaign_id = c.id) l
     where c.reserved_micro_usd <> l.reserved or c.spent_micro_usd <> l.spent
       or c.reserved_micro_usd + c.spent_micro_usd > c.budget_micro_usd`,
  ),
  "a month's figures are the ledger's": broken(
    'differs',
    `select m.* from (select workspace_id, sum(reserved_micro_usd) as reserved, sum(spent_micro_usd) as spent
       from workspace_months group by 1) m
     join (select workspace_id, sum(micro_usd) filter (where kind in ('reserve', 'release')) as reserved,
       coalesce(sum(micro_usd) filter (where kind in ('settle', 'adjust')), 0) as spent from ledger group by 1) l using (workspace_id)
     where m.reserved <> l.reserved or m.spent <> l.spent`,
  ),
  'counters are the counts': broken(
    'differs',
    `select campaign_id, status, n, count from (
       select campaign_id, status, count(*) as n from variants group by 1, 2) v
     full join (select campaign_id, status, count from campaign_counts where entity = 'variants' and count <> 0) c
       using (campaign_id, status) where n is distinct from count`,
  ),
  'every object is what was recorded': storedAsRecorded,
  'a submission is sent once, and a clip is bought once': submittedOnce,
  "the ledger is the vendor's bill": billedAsBooked,
  'every committed event came, and only those': toldOnce,
}

/** @returns every rule that does not hold, with examples; empty when all is well */
export async function checkHistory(witnesses: Witnesses): Promise<Record<string, string[]>> {
  const findings: Record<string, string[]> = {}
  for (const [name, rule] of Object.entries(rules)) {
    const faults = await rule(witnesses)
    if (faults.length > 0) findings[name] = faults
  }
  return findings
}
