/** One compositor child: started with its first job, one job at a time, ended by force whenever in doubt. */
import type { ChildProcess } from 'node:child_process'
import { Retryable } from '#src/errors.ts'
import { isQuestion } from './child-questions.ts'
import { type Answer, type Job, toError } from './protocol.ts'

const keptStderr = 2000

interface RunOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

interface Lost {
  readonly lost: unknown
}

/** Resolves when the job is to be given up; the process is then of no more use. */
function cutOff({ timeoutMs, signal }: RunOptions): { promise: Promise<Lost>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<Lost>()
  const abort = () => resolve({ lost: signal?.reason })
  const late = () => resolve({ lost: new Retryable(`The compositor gave no answer within ${timeoutMs} ms.`) })
  const timer = setTimeout(late, timeoutMs)
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  const stop = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  return { promise, stop }
}

export interface PoolChild {
  readonly jobs: number
  /** Bytes after the last job. */
  readonly rss: number
  readonly alive: boolean
  run(job: Job, options: RunOptions): Promise<unknown>
  /** Resolves when the process is gone. */
  kill(): Promise<void>
}

const describeEnd = (code: number | null, signal: string | null, stderr: string): string => {
  const how = signal ? `was ended by ${signal}` : `ended with code ${code}`
  const last = stderr.trim().split('\n').at(-1)
  return `The compositor process ${how}${last ? ` (${last.slice(0, 200)})` : ''}.`
}

/** @param start forks the process; its stderr is kept in part, for the message when it dies */
export function createPoolChild(start: () => ChildProcess): PoolChild {
  const child = start()
  let alive = true
  let stderr = ''
  let jobs = 0
  let rss = 0
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-keptStderr)))
  const gone = new Promise<string>((resolve) => {
    const end = (message: string) => {
      alive = false
      resolve(message)
    }
    child.once('exit', (code, signal) => end(describeEnd(code, signal, stderr)))
    child.once('error', (error) => end(`The compositor process cannot be started: ${error.message}`))
  })

  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
  }

  const answered = (): { promise: Promise<Answer>; stop: () => void } => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const listen = (message: unknown) => {
      if (!isQuestion(message)) resolve(message as Answer)
    }
    child.on('message', listen)
    return { promise, stop: () => child.off('message', listen) }
  }

  const run = async (job: Job, options: RunOptions): Promise<unknown> => {
    const answer = answered()
    const cut = cutOff(options)
    const died = gone.then((message) => ({ lost: new Retryable(message) }))
    try {
      jobs++
      child.send(job, () => undefined)
      const result = await Promise.race([answer.promise, cut.promise, died])
      if ('lost' in result) {
        await kill()
        throw result.lost
      }
      rss = result.rss
      if (!result.ok) throw toError(result.fault)
      return result.value
    } finally {
      cut.stop()
      answer.stop()
    }
  }

  return {
    run,
    kill,
    get jobs() {
      return jobs
    },
    get rss() {
      return rss
    },
    get alive() {
      return alive
    },
  }
}
