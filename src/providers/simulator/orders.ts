/** Orders to misbehave: what, how often, and for which submissions. Data, so that chaos tests and people give them by HTTP. */
import { z } from 'zod'

const status = z.number().int().min(300).max(599)
const text = z.string().max(5000)
/** Whether the job was made before the answer got lost. */
const accept = z.boolean()

const faults = [
  // Submission
  z.strictObject({
    fault: z.literal('refuse'),
    status: status.default(400),
    code: text.optional(),
    message: text.optional(),
    billed: z.boolean().optional(),
    retry_after: z.union([z.number(), text]).optional(),
  }),
  z.strictObject({ fault: z.literal('retire'), status: z.union([z.literal(404), z.literal(410)]).default(404) }),
  z.strictObject({ fault: z.literal('stall'), accept: accept.default(true), ms: z.number().default(120_000) }),
  z.strictObject({ fault: z.literal('reset'), accept }),
  z.strictObject({ fault: z.literal('error'), accept, status: status.default(500) }),
  z.strictObject({ fault: z.literal('no_id') }),
  // The job's fate
  z.strictObject({
    fault: z.literal('fail'),
    code: text.default('internal_error'),
    message: text.default('The clip could not be made.'),
    billed: z.boolean().default(false),
  }),
  z.strictObject({ fault: z.literal('block'), billed: z.boolean().default(true) }),
  z.strictObject({ fault: z.literal('list_late'), ms: z.number().min(0) }),
  z.strictObject({ fault: z.literal('callback_early') }),
  z.strictObject({ fault: z.literal('callback_twice') }),
  // Poll
  z.strictObject({
    fault: z.literal('poll_error'),
    status: status.default(503),
    retry_after: z.union([z.number(), text]).optional(),
  }),
  z.strictObject({ fault: z.literal('poll_reset') }),
  z.strictObject({ fault: z.literal('forget') }),
  // List
  z.strictObject({ fault: z.literal('list_error'), status: status.default(503) }),
  // Result
  z.strictObject({ fault: z.literal('truncate') }),
  z.strictObject({ fault: z.literal('wrong_type') }),
  z.strictObject({ fault: z.literal('slow'), bytes_per_second: z.number().positive().default(20_000) }),
  z.strictObject({ fault: z.literal('expire') }),
  z.strictObject({ fault: z.literal('content_error'), status: status.default(503) }),
] as const

const faultSchema = z.discriminatedUnion('fault', faults)
export type Fault = z.output<typeof faultSchema>
export type FaultName = Fault['fault']
type Of<N extends FaultName> = Extract<Fault, { fault: N }>

export const points = {
  submit: ['refuse', 'retire', 'stall', 'reset', 'error', 'no_id'],
  job: ['fail', 'block', 'list_late', 'callback_early', 'callback_twice'],
  poll: ['poll_error', 'poll_reset', 'forget'],
  list: ['list_error'],
  content: ['truncate', 'wrong_type', 'slow', 'expire', 'content_error'],
} as const satisfies Record<string, readonly FaultName[]>

const scopeSchema = z.object({
  /** How often it happens; null: always. */
  times: z.number().int().min(1).nullable().default(1),
  /** Of those that match, how many in a hundred. */
  percent: z.number().min(0).max(100).default(100),
  model: text.optional(),
  prompt_includes: text.optional(),
})

export const orderSchema = z.looseObject({ fault: z.string() }).transform((input, context) => {
  const { times, percent, model, prompt_includes, ...rest } = input
  const scope = scopeSchema.safeParse({ times, percent, model, prompt_includes })
  const fault = faultSchema.safeParse(rest)
  const issues = [...(scope.error?.issues ?? []), ...(fault.error?.issues ?? [])]
  for (const { path, message } of issues) context.addIssue({ code: 'custom', path, message })
  return scope.success && fault.success ? { ...scope.data, what: fault.data } : z.NEVER
})

export type Order = z.output<typeof orderSchema>

interface Subject {
  readonly model?: string
  readonly prompt?: string
}

/** @param random 0 ≤ x < 1; seeded in tests, so that a run can be repeated */
export function createOrders(random: () => number) {
  let orders: { order: Order; left: number }[] = []
  const suits = ({ model, prompt_includes }: Order, subject: Subject): boolean =>
    (model === undefined || model === subject.model) &&
    (prompt_includes === undefined || (subject.prompt ?? '').includes(prompt_includes))

  return {
    add: (order: Order): void => void orders.push({ order, left: order.times ?? Infinity }),
    clear: (): void => void (orders = []),
    list: () => orders.map(({ order, left }) => ({ ...order, left: left === Infinity ? null : left })),
    /** The first order of this kind for this subject; it is used up by that. */
    take<N extends FaultName>(names: readonly N[], subject: Subject): Of<N> | undefined {
      const found = orders.find(
        ({ order }) => names.some((name) => name === order.what.fault) && suits(order, subject) && random() * 100 < order.percent,
      )
      if (!found) return undefined
      found.left--
      orders = orders.filter(({ left }) => left > 0)
      return found.order.what as Of<N>
    },
  }
}

export type Orders = ReturnType<typeof createOrders>
