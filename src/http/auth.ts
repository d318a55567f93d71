/** Bearer keys → who is asking. Scopes say what a key may do; `operator` keys manage workspaces. */
import type { FastifyRequest } from 'fastify'
import { ServiceError } from '#src/errors.ts'

export const scopes = ['read', 'write', 'render', 'review', 'admin', 'operator'] as const
export type KeyScope = (typeof scopes)[number]

export interface Caller {
  readonly workspaceId: string
  readonly keyId: string
  readonly scopes: readonly string[]
}

export type Authenticate = (bearer: string) => Promise<Caller | undefined>

const challenge = { 'www-authenticate': 'Bearer realm="spotsmith"' }

export const bearerOf = (header: string | undefined): string | undefined => /^Bearer +(\S+)$/i.exec(header ?? '')?.[1]

/** @throws 401 without a valid key, 403 without the scope */
export async function callerOf(request: FastifyRequest, authenticate: Authenticate, needed: KeyScope): Promise<Caller> {
  const bearer = bearerOf(request.headers.authorization)
  if (!bearer) {
    throw new ServiceError('unauthorized', 'Send an API key as "Authorization: Bearer spk_…".', { headers: challenge })
  }
  const caller = await authenticate(bearer)
  if (!caller) throw new ServiceError('unauthorized', 'The API key is unknown or was revoked.', { headers: challenge })
  if (!caller.scopes.includes(needed)) {
    throw new ServiceError('forbidden', `This needs a key with the scope "${needed}"; yours has: ${caller.scopes.join(', ')}.`)
  }
  return caller
}
