/** Webhook endpoints: where events are posted, with which secret, and how a consumer helps itself after an outage. */
import type { Db } from '#src/database/client.ts'
import { cancelWaiting, reviveFailed } from '#src/database/deliveries.ts'
import {
  type EndpointChange,
  type EndpointRow,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
  updateEndpoint,
} from '#src/database/endpoints.ts'
import { recordAudit } from '#src/database/workspaces.ts'
import { invalid, notFound, ServiceError } from '#src/errors.ts'
import { nudge } from '#src/queue/top-up.ts'
import type { EventResource, NewEvent } from '../events/service.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, type Page, type PageRequest, pageOf } from '../page.ts'
import type { Scope } from '../scope.ts'
import { type CheckDependencies, createChecks, type EndpointFields } from './service-checks.ts'
import { createDeliveryLog } from './service-log.ts'
import { type EndpointResource, presentEndpoint } from './service-resources.ts'

export interface EndpointInput extends Omit<EndpointFields, 'url'> {
  readonly url: string
  readonly signature?: 'v1' | 'v1a' | undefined
  /** `whsec_…` (or `whsk_…` with v1a); made when left out. */
  readonly secret?: string | undefined
}

export interface EndpointPatch extends EndpointFields {
  readonly status?: 'enabled' | 'disabled' | undefined
}

export interface RecoveryResource {
  readonly object: 'recovery'
  readonly endpoint_id: string
  /** How many are sent again. */
  readonly deliveries: number
}

export interface EndpointDependencies extends CheckDependencies {
  readonly ids: NewId
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly encrypt: (text: string) => Buffer
  readonly decrypt: (bytes: Buffer) => string
  readonly events: { emitAndRead(db: Db, event: NewEvent): Promise<EventResource> }
}

const HOUR_MS = 3_600_000
const DEFAULT_OVERLAP_HOURS = 24

export function createWebhookEndpoints(dependencies: EndpointDependencies) {
  const { ids, now, encrypt, decrypt, events, signingKeys } = dependencies
  const checks = createChecks(dependencies)

  const publicKey = (secret: string): { public_key?: string } => {
    const key = signingKeys.inspect(secret)?.publicKey
    return key ? { public_key: key } : {}
  }
  const present = (row: EndpointRow): EndpointResource =>
    presentEndpoint(row, row.signature === 'v1a' ? publicKey(decrypt(row.secret_encrypted)) : {})

  /** The private half of an ed25519 pair is nobody else's business: receivers verify with the public one. */
  const presentWithSecret = (row: EndpointRow, secret: string): EndpointResource =>
    presentEndpoint(row, row.signature === 'v1a' ? publicKey(secret) : { secret })

  async function find(scope: Scope, id: string): Promise<EndpointRow> {
    const row = await findEndpoint(scope.db, scope.workspaceId, id)
    if (!row) throw notFound('webhook endpoint', id)
    return row
  }

  async function findEnabled(scope: Scope, id: string): Promise<EndpointRow> {
    const row = await find(scope, id)
    if (row.status === 'enabled') return row
    throw new ServiceError('conflict', `The endpoint "${id}" is disabled: set its status to "enabled" first.`)
  }

  async function change(scope: Scope, id: string, values: EndpointChange): Promise<EndpointRow> {
    const row = await updateEndpoint(scope.db, scope.workspaceId, id, { ...values, updated_at: new Date(now()) })
    if (!row) throw notFound('webhook endpoint', id)
    return row
  }

  async function audit(scope: Scope, action: string, subject: string): Promise<void> {
    const { workspaceId, actor, requestId } = scope
    await recordAudit(scope.db, { id: ids('audit'), workspaceId, actor, action, subject, requestId })
  }

  return {
    ...createDeliveryLog({ findEnabled }),

    /** @throws invalid, with a pointer, for a target that is not allowed, an unknown type or campaign, a malformed secret */
    async create(scope: Scope, input: EndpointInput): Promise<EndpointResource> {
      const { secret: given, signature = 'v1', ...fields } = input
      await checks.checkFields(scope, fields, given === undefined ? [] : checks.checkSecret(given, signature))
      const secret = given ?? signingKeys.generate(signature)
      const row = await insertEndpoint(scope.db, {
        ...columnsOf(fields),
        id: ids('endpoint'),
        workspace_id: scope.workspaceId,
        url: input.url,
        signature,
        secret_encrypted: encrypt(secret),
      })
      await audit(scope, 'endpoint.created', row.id)
      return presentWithSecret(row, secret)
    },

    /** Newest first. */
    async list(scope: Scope, page: PageRequest): Promise<Page<EndpointResource>> {
      const before = decodeCursor(page.cursor)
      const rows = await listEndpoints(scope.db, { workspaceId: scope.workspaceId, before, limit: page.limit + 1 })
      return pageOf(rows, page, (row) => row.id, present)
    },

    /** @throws not_found */
    get: async (scope: Scope, id: string): Promise<EndpointResource> => present(await find(scope, id)),

    /**
     * Disabling cancels what waits (recover brings it back); enabling forgives past failures.
     * @throws not_found, invalid
     */
    async patch(scope: Scope, id: string, patch: EndpointPatch): Promise<EndpointResource> {
      await find(scope, id)
      const { status, ...fields } = patch
      await checks.checkFields(scope, fields, [])
      const row = await change(scope, id, { ...columnsOf(fields), ...(status && statusColumns[status]) })
      if (status === 'disabled') await cancelWaiting(scope.db, id)
      if (status === 'enabled') await nudge(scope.db, 'deliver')
      await audit(scope, 'endpoint.changed', id)
      return present(row)
    },

    /** What waits is cancelled; events and the log of deliveries stay. @throws not_found */
    async delete(scope: Scope, id: string): Promise<void> {
      await change(scope, id, { deleted_at: new Date(now()), status: 'disabled', disabled_reason: 'Deleted.' })
      await cancelWaiting(scope.db, id)
      await audit(scope, 'endpoint.deleted', id)
    },

    /**
     * A new secret, or the given one. Both sign for `overlap_hours` (0–168, default 24), so that no receiver has to change at
     * the same moment. While an overlap lasts, only a rotation with 0 is taken, which ends the old secrets at once: one that
     * dropped the oldest of three silently would cost deliveries.
     * @throws not_found, invalid; conflict while the last rotation overlaps
     */
    async rotateSecret(
      scope: Scope,
      id: string,
      { overlap_hours = DEFAULT_OVERLAP_HOURS, secret: given }: { overlap_hours?: number; secret?: string | undefined },
    ): Promise<EndpointResource> {
      const old = await find(scope, id)
      const faults = given === undefined ? [] : checks.checkSecret(given, old.signature)
      if (faults.length > 0) throw invalid(faults)
      const secret = given ?? signingKeys.generate(old.signature)
      const overlaps = overlap_hours > 0
      if (overlaps && (old.previous_secret_until?.getTime() ?? 0) > now()) throw stillOverlaps(id, old.previous_secret_until!)
      const row = await change(scope, id, {
        secret_encrypted: encrypt(secret),
        previous_secret_encrypted: overlaps ? old.secret_encrypted : null,
        previous_secret_until: overlaps ? new Date(now() + overlap_hours * HOUR_MS) : null,
      })
      await audit(scope, 'endpoint.secret_rotated', id)
      return presentWithSecret(row, secret)
    },

    /** Posts an `endpoint.test` event to this endpoint alone. @throws not_found; conflict when it is disabled */
    async test(scope: Scope, id: string): Promise<EventResource> {
      const { url } = await findEnabled(scope, id)
      return await events.emitAndRead(scope.db, {
        workspaceId: scope.workspaceId,
        type: 'endpoint.test',
        subjectId: id,
        dedupeKey: `endpoint.test:${ids('event')}`,
        data: { endpoint_id: id, url },
        endpointId: id,
      })
    },

    /**
     * Sends again, with a fresh schedule, everything that failed or was cancelled at or after `since`, however much it is.
     * @param options.since ISO 8601
     * @throws not_found; conflict when the endpoint is disabled
     */
    async recover(scope: Scope, id: string, { since }: { readonly since: string }): Promise<RecoveryResource> {
      await findEnabled(scope, id)
      const deliveries = await reviveFailed(scope.db, id, new Date(since))
      if (deliveries > 0) await nudge(scope.db, 'deliver')
      await audit(scope, 'endpoint.recovered', id)
      return { object: 'recovery', endpoint_id: id, deliveries }
    },
  }
}

export type WebhookEndpoints = ReturnType<typeof createWebhookEndpoints>

const stillOverlaps = (id: string, until: Date) =>
  new ServiceError(
    'conflict',
    `The last rotation of "${id}" overlaps until ${until.toISOString()}. Rotate again after that, or now with overlap_hours 0, which ends the old secrets at once.`,
  )

const statusColumns = {
  enabled: { status: 'enabled', disabled_reason: null, failing_since: null },
  disabled: { status: 'disabled', disabled_reason: 'Disabled through the API.' },
} as const satisfies Record<'enabled' | 'disabled', EndpointChange>

/** Only what was given: an absent field keeps its value, or gets the column's default. */
function columnsOf({ event_types, metadata, ...fields }: EndpointFields): EndpointChange {
  return {
    ...fields,
    ...(event_types !== undefined && { event_types: event_types && [...new Set(event_types)] }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
  }
}
