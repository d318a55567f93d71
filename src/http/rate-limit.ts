/** Requests per key and minute, told in the RateLimit fields (draft-ietf-httpapi-ratelimit-headers). */
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '#src/errors.ts'

export type RateLimiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** @param perMinute requests that one key may send in a minute; the address counts where there is no key */
export async function createRateLimiter(app: FastifyInstance, perMinute: number): Promise<RateLimiter> {
  await app.register(rateLimit, { global: false, max: perMinute, timeWindow: 60_000 })
  const take = app.createRateLimit({ keyGenerator: (request) => request.headers.authorization ?? request.ip })
  return async (request, reply) => {
    const limit = await take(request)
    if (limit.isAllowed) return
    reply.header('RateLimit-Policy', `"requests";q=${limit.max};w=60`)
    reply.header('RateLimit', `"requests";r=${limit.remaining};t=${limit.ttlInSeconds}`)
    if (!limit.isExceeded) return
    throw new ServiceError('rate_limited', `More than ${limit.max} requests in a minute. Try again in ${limit.ttlInSeconds} s.`, {
      headers: { 'retry-after': String(limit.ttlInSeconds) },
    })
  }
}
