/** One attempt of one delivery: read what to post, post it, write down what came of it. */
import type { DeliveryRow } from '#src/database/deliveries.ts'
import type { Deliveries } from '#src/domain/webhook/service-deliveries.ts'
import { Retryable } from '#src/errors.ts'
import { nextAttempt } from '#src/webhooks/schedule.ts'
import type { Send } from '#src/webhooks/send.ts'
import type { WorkItems } from '#src/queue/work-items.ts'
import type { WorkHandler } from './worker.ts'

interface DeliverDependencies {
  readonly deliveries: Deliveries
  readonly send: Send
  readonly workItems: Pick<WorkItems, 'claimNextDelivery'>
  /** 0 ≤ x < 1; spreads the next attempts. */
  readonly random: () => number
}

export function createDeliverHandler({ deliveries, send, workItems, random }: DeliverDependencies): WorkHandler<DeliveryRow> {
  return {
    kind: 'deliver',
    settles: true,

    /** A death before `record` commits means one more posting with the same `webhook-id`, and no lost event. */
    async handle(row, lease, { signal }) {
      const posting = await deliveries.prepare(row)
      const outcome = await send({ ...posting, signal })
      if (outcome.status === 'aborted') throw new Retryable('The attempt was stopped.', { afterMs: 0 })
      const asked = outcome.status === 'failed' ? outcome.retryAfterMs : undefined
      const next = nextAttempt({ failed: row.schedule_step + 1, random: random(), retryAfterMs: asked })
      const status = await deliveries.record(lease, row, outcome, next)
      return {
        endpoint_id: row.endpoint_id,
        event_id: row.event_id,
        attempt: row.attempt_count + 1,
        outcome: outcome.status,
        http_status: outcome.httpStatus,
        status,
        milliseconds: outcome.milliseconds,
      }
    },

    next: (row) => workItems.claimNextDelivery(row.endpoint_id),

    giveUp: (_row, error, lease) => deliveries.giveUp(lease, error.message),
  }
}
