/**
 * Idempotency-Key: the stored answer is inserted in the effect's own transaction, so an effect without its answer, or
 * an answer without its effect, cannot exist. A replay is byte-identical.
 */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { transaction, type Db } from '#src/database/client.ts'
import { ServiceError } from '#src/errors.ts'

export interface Answer {
  readonly status: number
  /** The exact text that is sent; empty for 204. */
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** The body carries a secret: it is not kept, and a replay is refused. */
  readonly secret: boolean
}

export interface IdempotentRequest {
  readonly workspaceId: string
  /** Method and route pattern. */
  readonly route: string
  readonly key: string
  /** Everything that decides the effect: the path with its parameters, and the body. */
  readonly content: string
}

const keyShape = /^[\x21-\x7e]{1,255}$/

/** @throws 422 for a key that cannot be one */
export function checkKey(key: string | string[] | undefined): string | undefined {
  if (key === undefined || (typeof key === 'string' && keyShape.test(key))) return key
  throw new ServiceError('invalid', 'Idempotency-Key: 1 to 255 visible ASCII characters, once.', {
    errors: [
      {
        pointer: '/headers/idempotency-key',
        code: 'invalid_key',
        message: 'Send 1 to 255 visible ASCII characters, for example a UUID.',
      },
    ],
  })
}

/**
 * Runs `effect` once for a key and keeps its answer; a second call with the key gets the stored answer.
 * @throws 409 `idempotency_in_progress` while the first call runs, 422 `idempotency_key_reused` for other content
 */
export async function once(
  db: Db,
  request: IdempotentRequest,
  effect: (db: Db) => Promise<Answer>,
): Promise<Answer & { replayed: boolean }> {
  const digest = createHash('sha256').update(request.content).digest()
  return await transaction(db, async (trx) => {
    await lock(trx, request)
    const stored = await find(trx, request)
    if (stored) return { ...replay(stored, digest), replayed: true }
    const answer = await effect(trx)
    await store(trx, request, digest, answer)
    return { ...answer, replayed: false }
  })
}

async function lock(trx: Db, { workspaceId, route, key }: IdempotentRequest): Promise<void> {
  const name = [workspaceId, route, key].join('\n')
  const { rows } = await sql<{ free: boolean }>`select pg_try_advisory_xact_lock(hashtextextended(${name}, 7)) as free`.execute(
    trx,
  )
  if (rows[0]?.free) return
  throw new ServiceError(
    'idempotency_in_progress',
    'The first request with this key has not been answered yet. Send it again later.',
    {
      headers: { 'retry-after': '1' },
    },
  )
}

const find = (trx: Db, { workspaceId, route, key }: IdempotentRequest) =>
  trx
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('route', '=', route)
    .where('key', '=', key)
    .executeTakeFirst()

function replay(stored: NonNullable<Awaited<ReturnType<typeof find>>>, digest: Buffer): Answer {
  if (!digest.equals(stored.request_sha256)) {
    throw new ServiceError('idempotency_key_reused', 'This key was used with another body. Use a new key for a new request.')
  }
  if (stored.body === null) {
    throw new ServiceError(
      'secret_already_shown',
      'The first answer carried a secret, which is shown once. Create another, or rotate it.',
    )
  }
  return { status: stored.status, body: stored.body, headers: stored.headers, secret: false }
}

async function store(trx: Db, { workspaceId, route, key }: IdempotentRequest, digest: Buffer, answer: Answer): Promise<void> {
  await trx
    .insertInto('idempotency_keys')
    .values({
      workspace_id: workspaceId,
      route,
      key,
      request_sha256: digest,
      status: answer.status,
      headers: answer.headers,
      body: answer.secret ? null : answer.body,
    })
    .execute()
}
