/** Open streams of one process: each ends with its reader, and all of them when the process stops. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { callerOf, type Authenticate } from './auth.ts'
import { plainWait, streamEvents, type StreamedEvent, type WaitForEvents } from './sse.ts'

interface StreamContext {
  readonly authenticate: Authenticate
  readonly waitForEvents?: WaitForEvents
}

interface Source {
  readonly after: string | undefined
  /** Read before the headers go out, so that a bad cursor is still a problem document. */
  readonly first: readonly StreamedEvent[]
  readonly read: (after: string | undefined) => Promise<readonly StreamedEvent[]>
}

export function createStreams(app: FastifyInstance, { authenticate, waitForEvents = plainWait }: StreamContext) {
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())

  async function send(request: FastifyRequest, reply: FastifyReply, { after, first, read }: Source): Promise<void> {
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    let ahead: readonly StreamedEvent[] | undefined = first
    const events = streamEvents({
      after,
      read: async (cursor) => {
        const known = ahead
        ahead = undefined
        return known ?? (await read(cursor))
      },
      wait: waitForEvents,
      check: () => callerOf(request, authenticate, 'read'),
      monotonic: () => performance.now(),
      signal: AbortSignal.any([gone.signal, stopping.signal]),
    })
    await reply.type('text/event-stream').header('x-accel-buffering', 'no').send(Readable.from(events))
  }
  return { send }
}
