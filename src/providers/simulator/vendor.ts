/** The vendor's side of one dialect: submit, list, poll, result; and every way of getting them wrong that was ordered. */
import type { Dialect } from '../dialects.ts'
import { type Exchange, readFields, reset, retryAfterHeader, sendError, sendJson } from './http.ts'
import type { Job, Jobs, Submission, Wanted } from './jobs.ts'
import { type Orders, points } from './orders.ts'
import { describe, wantedOf } from './speech.ts'

interface Dependencies {
  readonly name: string
  readonly dialect: Dialect
  readonly jobs: Jobs
  readonly orders: Orders
  readonly now: () => number
  /** Repeats the first job of a key instead of making another. */
  readonly idempotent: () => boolean
  readonly resultUrl: (job: Job) => string
  readonly callBack: (url: string, job: Job, body: () => unknown, how: { early: boolean; twice: boolean }) => void
  /** Holds an answer back; ends early when the simulator does. */
  readonly wait: (ms: number) => Promise<void>
}

export function createVendor({ name, dialect, jobs, orders, now, idempotent, resultUrl, callBack, wait }: Dependencies) {
  const told = (job: Job) => describe(job, { dialect, now: now(), resultUrl })

  function begin(submission: Submission, wanted: Wanted): Job {
    const job = jobs.accept(submission, wanted)
    const url = dialect.fields.callback_url === null ? undefined : submission.fields[dialect.fields.callback_url]
    const early = orders.take(['callback_early'], wanted) !== undefined
    const twice = orders.take(['callback_twice'], wanted) !== undefined
    if (typeof url === 'string') callBack(url, job, () => told(job), { early, twice })
    return job
  }

  /** @returns whether an order decided what is answered */
  async function misbehave(exchange: Exchange, submission: Submission, wanted: Wanted): Promise<boolean> {
    const order = orders.take(points.submit, wanted)
    if (!order) return false
    submission.answered = order.fault
    if ('accept' in order ? order.accept : order.fault === 'no_id') begin(submission, wanted)
    switch (order.fault) {
      case 'refuse': {
        if (order.billed) jobs.billRefusal(wanted, submission.key)
        const { status, code = 'invalid_request', message = 'Refused on order.', billed } = order
        sendJson(
          exchange,
          status,
          { error: { code, message, ...(billed !== undefined && { billed }) } },
          retryAfterHeader(order.retry_after),
        )
        break
      }
      case 'retire':
        sendError(exchange, order.status, 'model_not_found', `The model ${wanted.model} is no longer available.`)
        break
      case 'stall':
        await wait(order.ms)
        reset(exchange)
        break
      case 'reset':
        reset(exchange)
        break
      case 'error':
        sendError(exchange, order.status, 'server_error', 'Something failed on order.')
        break
      case 'no_id':
        sendJson(exchange, 202, { status: 'queued' })
    }
    return true
  }

  async function submit(exchange: Exchange): Promise<void> {
    const read = await readFields(exchange)
    if (!read || read.multipart !== (dialect.encoding === 'multipart')) {
      return sendError(exchange, 415, 'unsupported_media_type', `Send ${dialect.encoding}.`)
    }
    const wanted = wantedOf(read.fields, dialect)
    if (!wanted) return sendError(exchange, 422, 'invalid_request', 'Model, prompt, seconds and size are needed.')
    const key = exchange.request.headers['idempotency-key']
    const submission: Submission = {
      key: typeof key === 'string' ? key : null,
      dialect: name,
      fields: read.fields,
      at: now(),
      jobId: null,
      answered: 'ok',
    }
    const known = idempotent() && submission.key !== null ? jobs.byKey(submission.key) : undefined
    if (known) return sendJson(exchange, 200, told(known), { 'idempotent-replayed': 'true' })
    jobs.submissions.push(submission)
    if (await misbehave(exchange, submission, wanted)) return
    sendJson(exchange, 200, told(begin(submission, wanted)), { 'x-request-id': `req-${jobs.submissions.length}` })
  }

  function list(exchange: Exchange): void {
    const order = orders.take(points.list, {})
    if (order) return sendError(exchange, order.status, 'server_error', 'The list failed on order.')
    if (!dialect.list) return sendError(exchange, 404, 'not_found', 'There is no list.')
    const { searchParams } = exchange.url
    const all = jobs.listed().filter(({ submission }) => submission.dialect === name)
    const from = searchParams.has('after') ? all.findIndex(({ id }) => id === searchParams.get('after')) + 1 : 0
    const data = all.slice(from, from + Number(searchParams.get('limit') ?? 20))
    sendJson(exchange, 200, { object: 'list', data: data.map(told), has_more: from + data.length < all.length })
  }

  function poll(exchange: Exchange, id: string): void {
    const job = jobs.get(id)
    const order = orders.take(points.poll, job?.wanted ?? {})
    if (order?.fault === 'poll_reset') return reset(exchange)
    if (order?.fault === 'poll_error')
      return sendJson(
        exchange,
        order.status,
        { error: { code: 'busy', message: 'On order.' } },
        retryAfterHeader(order.retry_after),
      )
    if (order?.fault === 'forget') jobs.forget(id)
    const known = jobs.get(id)
    if (!known) return sendError(exchange, 404, 'not_found', 'There is no such video.')
    sendJson(exchange, 200, told(known))
  }

  return { submit, list, poll }
}

export type Vendor = ReturnType<typeof createVendor>
