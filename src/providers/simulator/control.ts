/** The simulator's own calls: the bill, what it has seen, orders to misbehave, settings. */
import { z } from 'zod'
import { type Exchange, readFields, sendError, sendJson } from './http.ts'
import type { Jobs } from './jobs.ts'
import { type Orders, orderSchema } from './orders.ts'

export const settingsSchema = z.strictObject({
  /** How long a job takes. */
  job_ms: z.number().min(0).optional(),
  /** Whether a repeated Idempotency-Key answers with the first job. */
  idempotent: z.boolean().optional(),
  /** Host in the addresses of results: another name for this machine makes them foreign. */
  result_host: z.string().optional(),
})

export interface Settings {
  job_ms: number
  idempotent: boolean
  result_host: string
}

interface Dependencies {
  readonly jobs: Jobs
  readonly orders: Orders
  readonly settings: Settings
}

async function read<T extends z.ZodType>(exchange: Exchange, schema: T): Promise<z.output<T> | undefined> {
  const parsed = schema.safeParse((await readFields(exchange))?.fields)
  if (parsed.success) return parsed.data
  const message = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  sendError(exchange, 422, 'invalid_request', message)
  return undefined
}

type Control = (exchange: Exchange) => void | Promise<void>

/** Method and path → what answers. */
export const createControls = ({ jobs, orders, settings }: Dependencies): Readonly<Record<string, Control>> => ({
  'GET /_sim/bill': (exchange) => sendJson(exchange, 200, jobs.bill()),
  'GET /_sim/jobs': (exchange) => sendJson(exchange, 200, { data: jobs.all() }),
  'GET /_sim/submissions': (exchange) => sendJson(exchange, 200, { data: jobs.submissions }),
  'GET /_sim/faults': (exchange) => sendJson(exchange, 200, { data: orders.list() }),
  'POST /_sim/faults': async (exchange) => {
    const order = await read(exchange, orderSchema)
    if (!order) return
    orders.add(order)
    sendJson(exchange, 201, order)
  },
  'DELETE /_sim/faults': (exchange) => {
    orders.clear()
    sendJson(exchange, 200, { data: [] })
  },
  'POST /_sim/settings': async (exchange) => {
    const changes = await read(exchange, settingsSchema)
    if (changes) sendJson(exchange, 200, Object.assign(settings, changes))
  },
})
