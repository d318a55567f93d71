/**
 * Entry of a compositor child. All native media code runs here: clips, pictures and fonts are hostile input.
 * Its environment has DISABLE_SYSTEM_FONTS_LOAD=1 and nothing else of the service's.
 */
import { rmSync } from 'node:fs'
import { AV_LOG_QUIET } from 'node-av/constants'
import { Log } from 'node-av/lib'
import { performJob } from './child-jobs.ts'
import { partsOf } from './child-parts.ts'
import { createAsk, isReply } from './child-questions.ts'
import { type Answer, type Job, toFault } from './protocol.ts'

/** Above this the process ends itself: a clip that eats memory costs a child, not the machine. */
const mostRss = 2.5 * 1024 ** 3
const watchMs = 500

let current: Job | undefined
const ask = createAsk((question) => process.send?.(question))

/** A signed file may name a manifest elsewhere. Nothing here has a reason to ask another host anything. */
globalThis.fetch = () => Promise.reject(new Error('Files are read without asking other hosts.'))

/** FFmpeg's own lines name files and say little that the answer does not. */
Log.setLevel(AV_LOG_QUIET)

async function answer(job: Job): Promise<void> {
  current = job
  const rss = () => process.memoryUsage.rss()
  const reply: Answer = await performJob(job, ask).then(
    (value) => ({ ok: true, value, rss: rss() }),
    (error: unknown) => ({ ok: false, fault: toFault(error), rss: rss() }),
  )
  current = undefined
  process.send?.(reply)
}

/** The parent removes what a killed child leaves; when the parent is gone, nobody else will. */
function leave(code: number): never {
  for (const part of current ? partsOf(current) : []) rmSync(part, { force: true })
  process.exit(code)
}

process.on('message', (message) => (isReply(message) ? ask.receive(message) : void answer(message as Job)))
process.once('disconnect', () => leave(0))
setInterval(() => {
  if (process.memoryUsage.rss() < mostRss) return
  process.stderr.write('memory limit reached\n')
  leave(70)
}, watchMs)
