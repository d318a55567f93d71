/** BullMQ on Redis through ioredis, for any number of processes. */
import type { Bullmq, OnQueueError } from './bullmq-settings.ts'
import { consumerSettings, jobSettings } from './bullmq-settings.ts'
import { Queue, Worker } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'

/** The server behind QUEUE_URL cannot be the run-queue; the message says what to change. Never carries the password. */
export class UnsuitableRedis extends Error {
  override readonly name = 'UnsuitableRedis'
}

const oldestVersion = [6, 2] as const
const prefix = 'spotsmith'
const reconnect = { retryStrategy: (times: number) => Math.min(times * 100, 2_000) }

/** @throws UnsuitableRedis when it cannot be reached, is too old, or may evict keys */
export async function openRedis(url: string, onError: OnQueueError): Promise<Bullmq> {
  await checkRedis(url)
  const connections: Redis[] = []
  const connect = (options: RedisOptions): Redis => {
    const redis = new Redis(url, { ...reconnect, ...options })
    redis.on('error', (error) => onError(error, 'redis'))
    connections.push(redis)
    return redis
  }
  // While Redis is away an add fails at once, instead of waiting for it: the rows keep the work.
  const producer = connect({ enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 5_000 })
  await ready(producer)
  const consumer = connect({ maxRetriesPerRequest: null })
  return {
    queue: (name) => new Queue(name, { connection: producer, prefix, ...jobSettings }),
    worker: (name, processor, concurrency) =>
      new Worker(name, processor, { connection: consumer, prefix, ...consumerSettings, concurrency }),
    async close() {
      for (const connection of connections) connection.disconnect()
    },
  }
}

const ready = (redis: Redis): Promise<void> =>
  new Promise((resolve, reject) => {
    redis.once('ready', () => resolve())
    redis.once('close', () => reject(new UnsuitableRedis('QUEUE_URL: the connection to Redis was closed at once.')))
  })

async function checkRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5_000, maxRetriesPerRequest: 0 })
  let reason = ''
  redis.on('error', (error: Error) => (reason ||= error.message))
  try {
    await redis.connect()
    checkVersion(await redis.info('server'))
    checkPolicy(await redis.info('memory'))
  } catch (error) {
    if (error instanceof UnsuitableRedis) throw error
    const cause = reason || (error as Error).message
    throw new UnsuitableRedis(`QUEUE_URL: Redis at ${new URL(url).host} cannot be used: ${cause}`, { cause: error })
  } finally {
    redis.disconnect()
  }
}

function checkVersion(info: string): void {
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? '0'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1]))
    throw new UnsuitableRedis(`QUEUE_URL: Redis is version ${version}; at least ${oldestVersion.join('.')} is needed.`)
}

/** INFO tells the policy also where CONFIG is forbidden, as in managed Redis. */
function checkPolicy(info: string): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1]
  if (policy !== undefined && policy !== 'noeviction')
    throw new UnsuitableRedis(`QUEUE_URL: Redis has maxmemory-policy "${policy}" and may drop keys; set it to "noeviction".`)
}
