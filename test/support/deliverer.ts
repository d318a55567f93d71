/** The delivering half of the service in this process: events, top-up, run-queue, worker and the real network. */
import { createEvents } from '#src/domain/events/service.ts'
import type { Scope } from '#src/domain/scope.ts'
import { createDeliveries } from '#src/domain/webhook/service-deliveries.ts'
import { createWebhookEndpoints, type EndpointInput } from '#src/domain/webhook/service.ts'
import { createSecrets } from '#src/instance-keys.ts'
import { createGuard } from '#src/network/guard.ts'
import { createOutgoing } from '#src/network/outgoing.ts'
import { createRunQueue, type RunQueueTarget } from '#src/queue/bullmq.ts'
import { createNudgeListener } from '#src/queue/nudges.ts'
import { createTopUp } from '#src/queue/top-up.ts'
import { createWorkItems } from '#src/queue/work-items.ts'
import { createSigningKeys } from '#src/webhooks/secret.ts'
import { createSender } from '#src/webhooks/send.ts'
import { createDeliverHandler } from '#workers/deliver.ts'
import { runWorker } from '#workers/worker.ts'
import type { TestDatabase } from './database.ts'
import { newId } from './workspace.ts'

interface DelivererOptions {
  readonly database: Pick<TestDatabase, 'db' | 'connectionString'>
  readonly scope: Scope
  readonly queue: RunQueueTarget
  /** As src/background.ts has it. */
  readonly concurrency?: number
  readonly timeoutMs?: number
}

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
const now = () => Date.now()

export async function startDeliverer({ database, scope, queue, concurrency = 512, timeoutMs }: DelivererOptions) {
  const { db, connectionString } = database
  await using cleanup = new AsyncDisposableStack()
  const faults: unknown[] = []
  const onError = (error: unknown) => void faults.push(error)
  const secrets = createSecrets('a test key of at least 32 characters', random)
  const guard = createGuard({ allowed: ['127.0.0.0/8'], insecure: true })
  const outgoing = createOutgoing({ guard })
  cleanup.defer(() => outgoing.close())
  const events = createEvents({ ids: newId, now })
  const signingKeys = createSigningKeys({ random })
  const checkTarget = (url: string) => guard.check(url)
  const endpoints = createWebhookEndpoints({ ids: newId, now, ...secrets, events, signingKeys, checkTarget })
  const deliveries = createDeliveries({ db, events, decrypt: (bytes) => secrets.decrypt(bytes), now })
  const runQueue = await createRunQueue(queue, { onError })
  cleanup.defer(() => runQueue.close())
  const workItems = createWorkItems({ db, newToken: () => crypto.randomUUID() })
  cleanup.defer(() => workItems.close())
  const send = createSender({ post: outgoing.post, now, ...(timeoutMs !== undefined && { timeoutMs }) })
  const warn = (fields: Readonly<Record<string, unknown>>) => void (fields['err'] && faults.push(fields['err']))
  const worker = runWorker({
    kind: 'deliver',
    runQueue,
    workItems,
    handler: createDeliverHandler({ deliveries, send, workItems, random: Math.random }),
    concurrency,
    log: { info: () => {}, warn },
    random: Math.random,
  })
  cleanup.defer(() => worker.close(1_000))
  const topUp = createTopUp({ db, runQueue, modelLimits: () => new Map(), onError })
  const listener = createNudgeListener({ connectionString, onNudge: topUp.nudge, onError })
  await listener.start()
  cleanup.defer(() => listener.close())
  topUp.start()
  cleanup.defer(() => topUp.close())
  const opened = cleanup.move()

  return {
    faults,
    runQueue,
    addEndpoint: (input: EndpointInput) => endpoints.create(scope, input),
    /** One event for one endpoint, in a transaction of its own. */
    emit: (endpointId: string, subjectId: string) =>
      events.emit(db, {
        workspaceId: scope.workspaceId,
        type: 'endpoint.test',
        subjectId,
        dedupeKey: subjectId,
        data: { endpoint_id: endpointId, url: subjectId },
        endpointId,
      }),
    emitMany: (endpointId: string, subjectIds: readonly string[]) =>
      events.emitMany(
        db,
        subjectIds.map((subjectId) => ({
          workspaceId: scope.workspaceId,
          type: 'endpoint.test' as const,
          subjectId,
          dedupeKey: subjectId,
          data: { endpoint_id: endpointId, url: subjectId },
          endpointId,
        })),
      ),
    close: () => opened.disposeAsync(),
  }
}

export type Deliverer = Awaited<ReturnType<typeof startDeliverer>>
