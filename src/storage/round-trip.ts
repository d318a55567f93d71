/** The check of every store: what is written can be read back and deleted, with the rights that the service has. */
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ObjectStore } from './storage.ts'

/** Rejects with the store's own error. The key is a new one each time: processes that start together do not meet. */
export async function roundTrip(store: Omit<ObjectStore, 'check'>): Promise<void> {
  const key = `spotsmith-check/${randomUUID()}`
  const written = `spotsmith ${key}`
  await store.put(key, Readable.from([Buffer.from(written)]), { mediaType: 'text/plain' })
  const { body } = await store.get(key)
  const read = await text(body)
  await store.delete(key)
  if (read !== written) throw new Error(`The object store answered ${read.length} bytes that are not what was written.`)
}
