/** BullMQ on Postgres, for one process: the same database as everything else, in its own schema. */
import { withClient } from '#src/database/client.ts'
import type { Bullmq, OnQueueError } from './bullmq-settings.ts'
import { consumerSettings, jobSettings } from './bullmq-settings.ts'
import { type BackendFactory, createPostgresBackend, Queue, runMigrations, Worker } from 'bullmq'
import { Pool } from 'pg'

/** Each consumer keeps one connection to listen on; the rest is for adding, fetching and finishing. */
const poolSize = 16

export async function openPostgres(connectionString: string, onError: OnQueueError): Promise<Bullmq> {
  await withClient(connectionString, (client) => runMigrations(client))
  const pool = new Pool({
    connectionString,
    max: poolSize,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    application_name: 'spotsmith run-queue',
    // BullMQ sets the schema only on pools that it makes itself, which it cannot in an ES module.
    options: '-c search_path=bullmq,public',
  })
  // Every queue and worker adds one listener; Node warns of a leak at eleven.
  pool.setMaxListeners(32)
  pool.on('error', (error) => onError(error, 'pool'))
  return {
    queue: (name) => new Queue(name, { connection: pool, ...jobSettings }, backend),
    worker: (name, processor, concurrency) =>
      new Worker(name, processor, { connection: pool, ...consumerSettings, concurrency }, backend),
    close: () => pool.end(),
  }
}

/** When the listening connection dies silently, an idle worker would not look for up to an hour. */
const longestBlockSeconds = 5

const backend = ((name, options, more) =>
  Object.defineProperty(createPostgresBackend(name, options, more), 'maximumBlockTimeout', {
    value: longestBlockSeconds,
  })) satisfies BackendFactory<
  ReturnType<typeof createPostgresBackend>,
  Parameters<typeof createPostgresBackend>[1]['connection']
>
