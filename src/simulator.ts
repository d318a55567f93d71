/**
 * `npm run simulator`: a simulated vendor for people, with a PROVIDERS_FILE to try the whole service against it. It needs no key
 * and bills nobody; its clips are storyboards.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createCompositor } from './media/index.ts'
import type { Wanted } from './providers/simulator/jobs.ts'
import { startSimulator } from './providers/simulator/server.ts'
import { simulatedPrice, simulatorProviders } from './providers/simulator/settings.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9099' },
    'job-seconds': { type: 'string', default: '5' },
    'providers-file': { type: 'string', default: join('data', 'simulator-providers.json') },
  },
})

const tempDir = await mkdtemp(join(tmpdir(), 'spotsmith-simulator-'))
const compositor = createCompositor({ processes: 1, tempDir: join(tempDir, 'children') })
const clips = new Map<string, Promise<Uint8Array>>()
const mostClips = 50

async function draw({ prompt, seconds, width, height, audio }: Wanted): Promise<Uint8Array> {
  const path = join(tempDir, `${crypto.randomUUID()}.mp4`)
  await compositor.storyboard({ prompt, seconds, width, height, audio, fps: 30, seed: 1 }, path)
  const clip = await readFile(path)
  await rm(path)
  return clip
}

/** A clip is downloaded more than once when its fetches fail on order; drawing it takes seconds. */
function makeClip(wanted: Wanted): Promise<Uint8Array> {
  const key = JSON.stringify(wanted)
  const known = clips.get(key)
  if (known) return known
  const drawn = draw(wanted)
  clips.set(key, drawn)
  drawn.catch(() => clips.delete(key))
  if (clips.size > mostClips) clips.delete(clips.keys().next().value!)
  return drawn
}

const say = (text: string) => process.stdout.write(`${text}\n`)
const simulator = await startSimulator({
  port: Number(values.port),
  jobMs: Number(values['job-seconds']) * 1000,
  makeClip,
  priceMicroUsd: simulatedPrice,
  onError: (error) => process.stderr.write(`${String(error)}\n`),
})
const file = resolve(values['providers-file'])
await mkdir(dirname(file), { recursive: true })
await writeFile(file, `${JSON.stringify(simulatorProviders(simulator.url), null, 2)}\n`)

say(`A simulated vendor listens on ${simulator.url}. Start the service against it with

  PROVIDERS_FILE=${file} npm start

and name its models in a campaign: "models": ["sim/wan-3.0"]
  sim/wan-3.0        JSON, lists its jobs: lost answers are found again
  sim-form/wan-3.0   the same as multipart forms, as OpenAI had it
  sim-key/wan-3.0    answers a repeated Idempotency-Key with the first job (POST /_sim/settings {"idempotent": true})
  sim-blind/wan-3.0  as OpenRouter: offers no way to find a lost answer

Make it misbehave, and see what it cost:
  curl -X POST ${simulator.url}/_sim/faults -d '{"fault": "reset", "accept": true}'
  curl ${simulator.url}/_sim/bill
All faults: src/providers/simulator/README.md`)

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await simulator.close()
  await compositor.close()
  await rm(tempDir, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop())
