/** The compositor over a pool of forked children: see README.md for why native code never runs in the service itself. */
import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AssetPaths, ComposedFiles } from '#src/contracts/composition.ts'
import type { ProvenanceClaim } from '#src/contracts/provenance.ts'
import { partsOf } from './child-parts.ts'
import { answerQuestions } from './child-questions.ts'
import type { Compositor } from './compositor.ts'
import { timelineOf } from './graph-timeline.ts'
import { createPool, type Lane } from './pool.ts'
import type { Job, JobKind, Jobs } from './protocol.ts'
import type { ClaimSigner } from './provenance/claim-signer.ts'

interface CompositorOptions {
  /** Children that render; default one per core. One more, started on demand, serves stills, measures and probes. */
  readonly processes?: number | undefined
  /** Where children keep their own temporary files; made when missing. */
  readonly tempDir: string
  /** A job that takes longer is ended; default 5 minutes for videos and 10 s more for each of their seconds, 1 minute for everything else. */
  readonly timeoutMs?: number | undefined
  /** Signs the files whose claims are given. */
  readonly signer?: ClaimSigner | undefined
  readonly logger?: { warn(fields: object, message: string): void } | undefined
}

const videoMs = 300_000
const perSecondMs = 10_000
const quickMs = 60_000
const maxJobs = 100
const maxRss = 1.2 * 1024 ** 3
const mostThreads = 4

const lanes = {
  compose: 'batch',
  storyboard: 'batch',
  still: 'interactive',
  measure: 'interactive',
  probe: 'interactive',
  inspectImage: 'interactive',
  verify: 'interactive',
} as const satisfies Record<JobKind, Lane>

const entry = fileURLToPath(new URL('./child.ts', import.meta.url))

/** A long video on a busy machine is not stuck. */
function timeFor(job: Job): number {
  if (job.kind === 'compose') return videoMs + perSecondMs * timelineOf(job.input.composition).totalSeconds
  return job.kind === 'storyboard' ? videoMs + perSecondMs * job.input.spec.seconds : quickMs
}

/** A child works in a folder of its own. */
const absoluteAssets = (assets: AssetPaths): AssetPaths =>
  Object.fromEntries(Object.entries(assets).map(([sha256, path]) => [sha256, resolve(path)]))

const noSigner = () => Promise.reject(new Error('This compositor has no signer.'))

/** A file that was to be signed is signed, or is not made. */
function signingOf(claim: ProvenanceClaim, signer: ClaimSigner | undefined) {
  if (!signer) throw new Error('A claim was given to a compositor without a signer.')
  return { claim, algorithm: signer.algorithm, reservedBytes: signer.reservedBytes, timestamped: signer.identity.timestamped }
}

/** Nothing of the service's environment: no secret can leak from a process that reads hostile files. */
function startChild(tempDir: string) {
  return fork(entry, {
    cwd: tempDir,
    env: { DISABLE_SYSTEM_FONTS_LOAD: '1', TMPDIR: tempDir, TZ: 'UTC', NODE_ENV: 'production' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/**
 * Starts no process until the first job. `close` leaves none.
 * @returns the compositor; its jobs throw Terminal for a faulty input and Retryable for a lost child
 */
export function createCompositor({ processes, tempDir, timeoutMs, signer, logger }: CompositorOptions): Compositor {
  const cores = availableParallelism()
  const threads = Math.min(cores, mostThreads)
  mkdirSync(tempDir, { recursive: true })
  const start = () => answerQuestions(startChild(tempDir), signer?.sign ?? noSigner)
  const pool = createPool({ processes: processes ?? cores, start, maxJobs, maxRss, logger })
  let jobs = 0
  /** Unique while this process lives, and told from what a dead one left. */
  const part = (path: string): string => `${path}.${process.pid}-${jobs}.part`

  async function run<K extends JobKind>(
    kind: K,
    input: Jobs[K]['input'],
    signal: AbortSignal | undefined,
  ): Promise<Jobs[K]['output']> {
    const job = { kind, input } as unknown as Job
    const lane = lanes[kind]
    try {
      const result = await pool.run(job, { lane, signal, timeoutMs: timeoutMs ?? timeFor(job) })
      return result as Jobs[K]['output']
    } catch (error) {
      for (const path of partsOf(job)) await rm(path, { force: true })
      throw error
    }
  }

  const compose: Compositor['compose'] = async (composition, given, names, options) => {
    jobs++
    const assets = absoluteAssets(given)
    const files = { video: resolve(names.video), poster: resolve(names.poster), preview: resolve(names.preview) }
    const parts: ComposedFiles = { video: part(files.video), poster: part(files.poster), preview: part(files.preview) }
    const signing = options?.claim ? signingOf(options.claim, signer) : null
    return run('compose', { composition, assets, files, parts, threads, signing }, options?.signal)
  }

  return {
    compose,
    still: (composition, assets, { atSeconds, guides }, options) =>
      run('still', { composition, assets: absoluteAssets(assets), atSeconds, guides }, options?.signal),
    measure: (compositions, assets, options) => run('measure', { compositions, assets: absoluteAssets(assets) }, options?.signal),
    storyboard: async (spec, path, options) => {
      jobs++
      const file = resolve(path)
      return run('storyboard', { spec, path: file, part: part(file) }, options?.signal)
    },
    probe: (path, options) => run('probe', { path: resolve(path) }, options?.signal),
    inspectImage: (path, options) => run('inspectImage', { path: resolve(path) }, options?.signal),
    verify: (path, { trusted }, options) => run('verify', { path: resolve(path), trusted }, options?.signal),
    close: () => pool.close(),
  }
}
