/**
 * npm run demo: a real campaign on this machine, without keys and without Docker, through the public HTTP API.
 * Exit code 0 only if every file and every webhook is what was promised.
 */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createApi } from './api.ts'
import { manifest, plan, prepare, render, type Prepared } from './campaign.ts'
import { writeContactSheet } from './contact-sheet.ts'
import { save } from './files.ts'
import { readOptions, usage, type DemoOptions } from './options.ts'
import { createProgress } from './progress.ts'
import { startReceiver } from './receiver.ts'
import { faultsOf, table } from './report.ts'
import { startService } from './service.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const webhookSeconds = 60

/** Left by the set-up script when it had to install; see package.json. */
async function installSeconds(): Promise<number | undefined> {
  const path = join(import.meta.dirname, '../../node_modules/.install-seconds')
  return existsSync(path) ? Number(await readFile(path, 'utf8')) : undefined
}

function sayRefused({ imported }: Prepared): void {
  for (const { row, column, message } of imported.errors)
    say(`  refused: row ${row}${column ? `, column ${column}` : ''}: ${message}`)
}

async function run(options: DemoOptions): Promise<number> {
  const started = performance.now()
  const dataDir = join(options.output, '.service')
  await rm(options.output, { recursive: true, force: true })
  await mkdir(options.output, { recursive: true })
  await using stack = new AsyncDisposableStack()

  say('Starting Spotsmith with everything embedded …')
  const service = await startService(dataDir, join(options.output, 'service.log'), process.env)
  stack.defer(() => service.stop())
  const receiver = await startReceiver()
  stack.defer(() => receiver.close())
  const api = createApi(service.url, service.apiKey)
  const { secret } = await api.post<{ secret: string }>('/v1/webhook-endpoints', { url: receiver.url })
  receiver.trust(secret)

  const prepared = await prepare(api, options)
  sayRefused(prepared)
  const planned = await plan(api, prepared.campaignId)
  say(
    `Plan: ${planned.segments.valid} segments → ${planned.generations.distinct} distinct clips → ${planned.renditions} videos, at most $${(planned.cost.max_micro_usd / 1e6).toFixed(2)}`,
  )
  for (const finding of planned.findings) say(`  ${finding.severity}: ${finding.message}`)

  const progress = createProgress(process.stdout, 'Rendering')
  const campaign = await render(api, prepared.campaignId, planned.digest, progress)
  progress.end(`done: ${campaign.status}`)

  const { clip, end_card: endCard } = prepared.template
  const expected = { seconds: clip.seconds + (endCard?.seconds ?? 0), sound: (clip.audio ?? 'none') !== 'none' }
  const saved = await save(await manifest(api, prepared.campaignId), options.output, expected)
  await receiver
    .until(
      (events) =>
        [...events.values()].some(({ type }) => type === 'campaign.completed') && events.size >= planned.segments.valid + 1,
      webhookSeconds * 1000,
    )
    .catch(() => say(`Not every webhook arrived within ${webhookSeconds} s.`))

  const workSeconds = (performance.now() - started) / 1000
  const outcome = { plan: planned, campaign, saved, receiver, installSeconds: await installSeconds(), workSeconds }
  const page = await writeContactSheet(
    options.output,
    prepared.template.name,
    `${planned.segments.valid} segments, ${planned.generations.distinct} clips, ${saved.length} videos`,
    saved,
  )
  say(table(outcome))
  const faults = faultsOf(outcome)
  for (const fault of faults) say(`FAULT  ${fault}`)
  say(`Look at them: ${relative(process.cwd(), page)}`)
  if (options.stay) {
    say(`The service stays up at ${service.url} (docs: ${service.url}/docs), API key ${service.apiKey}. Ctrl-C stops it.`)
    await once(process, 'SIGINT')
  }
  return faults.length === 0 ? 0 : 1
}

try {
  process.exitCode = await run(readOptions(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${error instanceof TypeError ? `${usage}\n` : ''}`,
  )
  process.exitCode = 1
}
