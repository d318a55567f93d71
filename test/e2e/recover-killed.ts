/** Failed deliveries that recover although the service is killed in the middle of it. */
import { sql } from 'kysely'
import { expect } from 'vitest'
import { createTestDatabase } from '#test/support/database.ts'
import { createInstallation, until } from '#test/support/program.ts'
import { startReceiver } from '#test/support/receiver.ts'

const concurrency = 8

/** @param count failed deliveries; one more has arrived before and must not come again */
export async function recoverThoughKilled(count: number) {
  await using cleanup = new AsyncDisposableStack()
  const database = await createTestDatabase()
  cleanup.defer(() => database.close())
  const receiver = await startReceiver()
  cleanup.defer(() => receiver.close())
  const installation = await createInstallation({
    DATABASE_URL: database.connectionString,
    SECRET_KEY: 'a test key of at least 32 characters',
  })
  cleanup.defer(() => installation.close())
  const first = await installation.start()
  const endpoint = await first.call<{ id: string; secret: string }>('POST', '/v1/webhook-endpoints', {
    url: receiver.url,
    max_concurrency: concurrency,
  })
  receiver.trust(endpoint.body.secret)
  const { id } = endpoint.body
  await sql`
    with made as (
      insert into events (id, workspace_id, type, subject_id, dedupe_key, body)
      select 'evt_' || n, workspace_id, 'endpoint.test', 's', 'recover' || n,
        '{"type":"endpoint.test","timestamp":"2026-11-22T12:00:00Z","data":{}}'
      from webhook_endpoints, generate_series(0, ${count}::int) n where id = ${id} returning id, workspace_id)
    insert into deliveries (id, workspace_id, endpoint_id, event_id, status, schedule_step, attempt_count)
    select 'dlv_' || id, workspace_id, ${id}, id, case id when 'evt_0' then 'delivered' else 'exhausted' end, 10, 0
    from made`.execute(database.db)
  const since = new Date(Date.now() - 3_600_000).toISOString()
  const recovery = await first.call('POST', `/v1/webhook-endpoints/${id}/recover`, { since })
  expect(recovery.body, recovery.text).toMatchObject({ deliveries: count })
  const arrived = async () => new Set(receiver.received.map((event) => event.id)).size
  await until(arrived, (ids) => ids >= count / 2, 3_600_000)
  await first.kill()

  const second = await installation.start()
  await until(arrived, (ids) => ids >= count, 3_600_000)
  expect(await second.stop()).toBe(0)
  const times = Map.groupBy(receiver.received, (event) => event.id)
  expect(new Set(times.keys())).toEqual(new Set(Array.from({ length: count }, (_, n) => `evt_${n + 1}`)))
  expect(receiver.received.every(({ verified }) => verified)).toBe(true)
  // Only what was under way when it was killed may come twice.
  return { arrived: times.size, repeated: receiver.received.length - count, mostRepeated: concurrency }
}
