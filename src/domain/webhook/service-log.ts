/** Deliveries as their owner sees them. */
import { type DeliveryFilter, findDelivery, listAttempts, listDeliveries, requestRetry } from '#src/database/deliveries.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import { nudge } from '#src/queue/top-up.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import { type DeliveryResource, presentAttempt, presentDelivery } from './service-resources.ts'

interface LogDependencies {
  /** @throws conflict when it is disabled */
  readonly findEnabled: (scope: Scope, id: string) => Promise<unknown>
}

export function createDeliveryLog({ findEnabled }: LogDependencies) {
  async function find(scope: Scope, id: string) {
    const row = await findDelivery(scope.db, scope.workspaceId, id)
    if (!row) throw notFound('delivery', id)
    return row
  }

  return {
    /** Newest first, without their attempts. */
    async deliveries(scope: Scope, page: PageRequest, filter: DeliveryFilter = {}): Promise<Page<DeliveryResource>> {
      const before = decodeCursor(page.cursor)
      const { endpoint_id, event_id, status } = filter
      const list = { endpoint_id, event_id, status, workspaceId: scope.workspaceId, before, limit: page.limit + 1 }
      return pageOf(await listDeliveries(scope.db, list), page, (row) => row.id, presentDelivery)
    },

    /** With every attempt. @throws not_found */
    async getDelivery(scope: Scope, id: string): Promise<DeliveryResource> {
      const row = await find(scope, id)
      const attempts = await listAttempts(scope.db, id)
      return { ...presentDelivery(row), attempts: attempts.map(presentAttempt) }
    },

    /**
     * Posts a delivery that has not succeeded now, beside its schedule: if this fails, it goes on (or stays failed) as before.
     * @throws not_found; conflict when it was delivered or its endpoint is disabled
     */
    async retryDelivery(scope: Scope, id: string): Promise<DeliveryResource> {
      const { endpoint_id, event_id } = await find(scope, id)
      await findEnabled(scope, endpoint_id)
      const row = await requestRetry(scope.db, id)
      if (!row) throw alreadyDelivered(id, event_id)
      await nudge(scope.db, 'deliver')
      return presentDelivery(row)
    },
  }
}

const alreadyDelivered = (id: string, eventId: string) =>
  new ServiceError('conflict', `Delivery "${id}" has succeeded. To post its event again, replay event "${eventId}".`)
