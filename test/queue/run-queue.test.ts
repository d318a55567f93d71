import { createRunQueue, UnsuitableRedis } from '#src/queue/bullmq.ts'
import { runQueueSuite } from '#test/conformance/run-queue.ts'
import { createEmptyDatabase } from '#test/support/database.ts'
import { openTestRedis, redisIsHere, startRedis } from '#test/support/redis.ts'
import { until } from '#test/support/until.ts'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'

const onError = () => {}

async function closeBoth(first: { close(): Promise<void> }, second: { close(): Promise<void> }): Promise<void> {
  await first.close()
  await second.close()
}

runQueueSuite('Postgres', async () => {
  const database = await createEmptyDatabase()
  const runQueue = await createRunQueue({ kind: 'postgres', connectionString: database.connectionString }, { onError })
  return { runQueue, close: () => closeBoth(runQueue, database) }
})

describe.runIf(redisIsHere())('Redis', () => {
  runQueueSuite('Redis', async () => {
    const redis = await openTestRedis()
    const runQueue = await createRunQueue({ kind: 'redis', url: redis.url }, { onError })
    return { runQueue, close: () => closeBoth(runQueue, redis) }
  })

  describe('a server', () => {
    test('that may evict keys is refused, with what to change', async () => {
      const redis = await startRedis(['--maxmemory-policy', 'allkeys-lru'])
      const opened = createRunQueue({ kind: 'redis', url: redis.url }, { onError })
      await expect(opened).rejects.toThrow('Redis has maxmemory-policy "allkeys-lru" and may drop keys; set it to "noeviction"')
      await redis.close()
    })

    test('that cannot be reached, or refuses the password, is refused without telling the password', async () => {
      const redis = await startRedis(['--requirepass', 'right-password'])
      const url = redis.url.replace('//', '//:wrong-password@')
      const refused: unknown = await createRunQueue({ kind: 'redis', url }, { onError }).catch((error: unknown) => error)
      await redis.close()
      const unreachable: unknown = await createRunQueue({ kind: 'redis', url }, { onError }).catch((error: unknown) => error)
      for (const error of [refused, unreachable]) {
        expect(error).toBeInstanceOf(UnsuitableRedis)
        expect((error as Error).message).toContain(new URL(url).host)
        expect((error as Error).message).not.toContain('password@')
        expect((error as Error).message).not.toContain('wrong-password')
      }
      expect((unreachable as Error).message).toContain('ECONNREFUSED')
    })

    test('emptied by FLUSHALL under a consumer carries the next wake-up', async () => {
      const server = await startRedis()
      const runQueue = await createRunQueue({ kind: 'redis', url: server.url }, { onError })
      const seen: string[] = []
      const consumer = runQueue.consume('plan', { concurrency: 1 }, async (id) => void seen.push(id))
      await runQueue.wake('plan', [{ id: 'before', starts: 0 }])
      await until(
        () => seen.length,
        (n) => n === 1,
        'the wake-up before',
      )
      const admin = new Redis(server.url)
      await admin.flushall()
      admin.disconnect()
      await runQueue.wake('plan', [{ id: 'after', starts: 0 }])
      await until(
        () => seen,
        (ids) => ids.includes('after'),
        'the wake-up after',
      )
      expect(seen).toEqual(['before', 'after'])
      await consumer.close(0)
      await runQueue.close()
      await server.close()
    })

    test('that went away fails an add soon, instead of holding it', async () => {
      const server = await startRedis()
      const runQueue = await createRunQueue({ kind: 'redis', url: server.url }, { onError })
      await runQueue.wake('plan', [{ id: 'row', starts: 0 }])
      await server.close()
      await expect(runQueue.wake('plan', [{ id: 'row', starts: 1 }])).rejects.toThrow(/closed|writeable|ECONN|max retries/i)
      await runQueue.close()
    })
  })
})
