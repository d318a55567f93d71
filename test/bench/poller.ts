/**
 * `node test/bench/poller.ts`: 5,000 clips in flight, polled every 20 s by one worker process against a simulated vendor.
 * Prints how late the polls come, what the process takes, and how many requests the bare vendor answers in the same run.
 */
import { createDatabase } from '#src/database/client.ts'
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.ts'
import { migrate } from '#src/database/migrate.ts'
import { simulatorProviders } from '#src/providers/simulator/settings.ts'
import { startSimulator } from '#src/providers/simulator/server.ts'
import { addCampaign, addWorkspace } from '#test/queue/rows.ts'
import { startRedis } from '#test/support/redis.ts'
import { sql } from 'kysely'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const clips = Number(process.argv[2] ?? 5000)
const pollSeconds = 20
const warmUpMs = 45_000
const measureMs = 60_000

const wanted = { model: 'wan-3.0', prompt: 'a cup', seconds: 4, width: 720, height: 1280, audio: false, resolution: '720p' }
await using cleanup = new AsyncDisposableStack()
const dir = await mkdtemp(join(tmpdir(), 'spotsmith-bench-'))
cleanup.defer(() => rm(dir, { recursive: true, force: true }))

/** When each job was asked for; the vendor sees what a lag means for a clip. */
const seen = new Map<string, number[]>()
const simulator = await startSimulator({
  makeClip: () => Promise.resolve(Buffer.alloc(0)),
  priceMicroUsd: () => 1,
  jobMs: 3_600_000,
})
cleanup.defer(() => simulator.close())
const known = simulator.jobs.get
const { jobs } = simulator
jobs.get = (id) => {
  const times = seen.get(id)
  if (times?.at(-1) !== undefined && Date.now() - times.at(-1)! < 50) return known(id)
  times?.push(Date.now())
  return known(id)
}

const postgres = await startEmbeddedPostgres({ dataDir: join(dir, 'database') })
cleanup.defer(() => postgres.close())
await migrate(postgres.connectionString)
const redis = await startRedis()
cleanup.defer(() => redis.close())

async function fill(): Promise<void> {
  const database = createDatabase({ connectionString: postgres.connectionString, max: 2, applicationName: 'bench' })
  const { db } = database
  const campaign = await addCampaign(db, await addWorkspace(db))
  const ids = Array.from({ length: clips }, (_, i) => {
    const submission = { key: null, dialect: 'json', fields: {}, at: Date.now(), jobId: null, answered: 'ok' }
    const { id } = simulator.jobs.accept(submission, wanted)
    seen.set(id, [])
    return { n: i, id }
  })
  const refs = JSON.stringify(ids)
  await sql`
    insert into generations (id, workspace_id, generation_key, shot_key, spec, model, status, payer_campaign_id, attempt_id, job_ref, due_at)
    select 'gen_' || j.n, c.workspace_id, 'k' || j.n, 'k' || j.n, '{}', 'sim/wan-3.0', 'running', c.id, 'att_' || j.n,
      jsonb_build_object('id', j.id), now() + random() * ${pollSeconds} * interval '1 second'
    from campaigns c, jsonb_to_recordset(${refs}::jsonb) as j (n int, id text) where c.id = ${campaign}`.execute(db)
  await sql`
    insert into attempts (id, workspace_id, generation_id, campaign_id, status, provider, model, request, request_sha256,
      reserved_micro_usd, job_ref, accepted_at)
    select g.attempt_id, g.workspace_id, g.id, ${campaign}, 'accepted', 'sim', g.model, '{"clip": {}}', g.id, 240000, g.job_ref, now()
    from generations g`.execute(db)
  await sql`analyze`.execute(db)
  await database.close()
}

async function startWorker() {
  const providers = join(dir, 'providers.json')
  await writeFile(providers, JSON.stringify(simulatorProviders(simulator.url, { pollSeconds })))
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    ROLE: 'workers',
    DATA_DIR: join(dir, 'worker'),
    DATABASE_URL: postgres.connectionString,
    QUEUE_URL: redis.url,
    STORAGE_URL: `file://${join(dir, 'objects')}`,
    SECRET_KEY: randomBytes(24).toString('hex'),
    PROVIDERS_FILE: providers,
    COMPOSITOR_PROCESSES: '1',
    LOG_LEVEL: 'warn',
  }
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../src/main.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanup.defer(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  })
  await once(child.stdout, 'data')
  return child.pid!
}

const statusOf = async (pid: number, field: string): Promise<number> =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Seconds of CPU. */
async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** The vendor alone, asked by this process over as many connections: what no poller can pass. */
async function floor(): Promise<number> {
  const ids = [...seen.keys()].slice(0, 2000)
  const startedAt = performance.now()
  let next = 0
  const ask = async () => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++])
      await (await fetch(`${simulator.baseUrl('json')}/videos/${encodeURIComponent(id)}`)).arrayBuffer()
  }
  await Promise.all(Array.from({ length: 200 }, ask))
  return (ids.length / (performance.now() - startedAt)) * 1000
}

const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0

await fill()
const pid = await startWorker()
await delay(warmUpMs)
for (const times of seen.values()) times.splice(0, Math.max(0, times.length - 1))
const [from, cpuBefore] = [Date.now(), await cpuOf(pid)]
await delay(measureMs)
const cpu = ((await cpuOf(pid)) - cpuBefore) / ((Date.now() - from) / 1000)
const [peak, resident] = [await statusOf(pid, 'VmHWM'), await statusOf(pid, 'VmRSS')]
const gaps = [...seen.values()]
  .flatMap((times) => times.slice(1).map((at, i) => (at - times[i]!) / 1000 - pollSeconds))
  .sort((a, b) => a - b)
const never = [...seen.values()].filter((times) => times.length < 2).length
const perSecond = gaps.length / (measureMs / 1000)
const bare = await floor()

const say = (text: string) => process.stdout.write(`${text}\n`)
say(
  `machine            ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
)
say(`clips in flight    ${clips}, polled every ${pollSeconds} s by one worker process, for ${measureMs / 1000} s`)
say(`polls              ${gaps.length} (${perSecond.toFixed(0)}/s); clips not polled: ${never}`)
say(
  `poll lag           p50 ${percentile(gaps, 0.5).toFixed(2)} s, p95 ${percentile(gaps, 0.95).toFixed(2)} s, p99 ${percentile(gaps, 0.99).toFixed(2)} s, most ${(gaps.at(-1) ?? 0).toFixed(2)} s`,
)
say(`memory             ${resident.toFixed(0)} MB resident, ${peak.toFixed(0)} MB at most`)
say(`cpu                ${(cpu * 100).toFixed(0)} % of a core`)
say(`floor              the bare vendor answers ${bare.toFixed(0)} polls/s; needed are ${(clips / pollSeconds).toFixed(0)}/s`)
