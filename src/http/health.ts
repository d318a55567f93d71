/** /livez says that the event loop turns; /readyz says, with reasons, whether work sent here would be done. */
import type { FastifyInstance } from 'fastify'

export interface Check {
  readonly ok: boolean
  readonly reason?: string
}

export interface Health {
  /** Name of the part → its state, e.g. { database, queue, store, draining }. */
  readiness(): Promise<Readonly<Record<string, Check>>>
}

export function addHealth(app: FastifyInstance, health: Health): void {
  app.get('/livez', { schema: { hide: true } }, async () => ({ status: 'alive' }))
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const checks = await health.readiness()
    const ready = Object.values(checks).every((check) => check.ok)
    return await reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', checks })
  })
}
