/** The port to the object store. Implementations: folder.ts, s3.ts; both pass test/conformance/storage.ts. */
import type { Readable } from 'node:stream'

export interface StoredObject {
  readonly bytes: number
  readonly mediaType: string
}

export interface ByteRange {
  /** First byte, counted from 0. */
  readonly start: number
  /** Last byte, inclusive. */
  readonly end: number
}

export interface ObjectStore {
  /**
   * Writes an object whole or not at all, in bounded memory. Replaces an object of the same key.
   * @returns size and hex sha256 of what was written, computed on the way
   */
  put(
    key: string,
    body: Readable,
    options: { mediaType: string; signal?: AbortSignal },
  ): Promise<{ bytes: number; sha256: string }>
  /**
   * `bytes` counts what `body` yields. A range that ends behind the object is cut; the caller reads or destroys the body.
   * @throws ObjectMissing, RangeOutside when the range begins behind the object
   */
  get(key: string, options?: { range?: ByteRange; signal?: AbortSignal }): Promise<StoredObject & { body: Readable }>
  /** undefined when there is no such object */
  head(key: string): Promise<StoredObject | undefined>
  /** Deleting what is not there is a success. */
  delete(key: string): Promise<void>
  /** Every key that begins with `prefix`, in any order, in bounded memory. */
  list(prefix: string): AsyncIterable<{ key: string; bytes: number; modifiedAt: Date }>
  /** A link that a browser can fetch for `seconds`, where the store has such; else undefined and the API streams. */
  presign(key: string, options: { seconds: number; mediaType: string; fileName: string }): Promise<string | undefined>
  /** Writes, reads and deletes a small object. Rejects with the reason when the store cannot be used. */
  check(): Promise<void>
}

export class RangeOutside extends Error {
  override readonly name = 'RangeOutside'
  constructor({ start, end }: ByteRange, bytes: number | undefined, options?: ErrorOptions) {
    super(`Bytes ${start} to ${end} are outside the object${bytes === undefined ? '' : ` of ${bytes} bytes`}.`, options)
  }
}

export class ObjectMissing extends Error {
  override readonly name = 'ObjectMissing'
  constructor(key: string, options?: ErrorOptions) {
    super(`There is no object "${key}" in the store.`, options)
  }
}
