/** The object store of several machines: a bucket behind any S3 API, through the AWS SDK. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { addAbortSignal, pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { contentDisposition } from './content-disposition.ts'
import { createHashing } from './hashing.ts'
import { segmentsOf } from './keys.ts'
import { unknownMediaType } from './media-types.ts'
import { explain, isMissing, isOutside } from './s3-faults.ts'
import { roundTrip } from './round-trip.ts'
import { ObjectMissing, RangeOutside } from './storage.ts'
import type { ObjectStore } from './storage.ts'
import { readStorageUrl } from './storage-url.ts'
import type { BucketLocation } from './storage-url.ts'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Two parts in flight and one being filled: at most 3 × 8 MiB per upload, and 80 GB per object. */
const partBytes = 8 * 1024 * 1024
const partsInFlight = 2
/** S3 signs for a week at most. */
const longestLinkSeconds = 7 * 86_400

/**
 * WHEN_REQUIRED: many servers do not know the SDK's default CRC32 trailers, and a presigned link would carry one.
 * Without given credentials the SDK's own chain finds them (environment, profile, role of the machine).
 */
function createClient(location: BucketLocation, endpoint: string | undefined, credentials: S3Credentials | undefined) {
  const settings: S3ClientConfig = {
    forcePathStyle: location.pathStyle,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 60_000 },
    ...(endpoint && { endpoint }),
    ...(location.region && { region: location.region }),
    ...(credentials && { credentials }),
  }
  return new S3Client(settings)
}

export interface S3Store extends ObjectStore {
  /** Ends idle connections. */
  close(): void
}

/**
 * @param url `STORAGE_URL`, see storage-url.ts
 * @param credentials undefined: the chain of the AWS SDK
 * @throws BadStorageUrl
 */
export function createS3Store({ url, credentials }: { url: string; credentials?: S3Credentials | undefined }): S3Store {
  const location = readStorageUrl(url)
  const client = createClient(location, location.endpoint, credentials)
  const linkClient =
    location.linkEndpoint === location.endpoint ? client : createClient(location, location.linkEndpoint, credentials)
  const nameOf = (key: string) => ({ Bucket: location.bucket, Key: location.prefix + segmentsOf(key).join('/') })

  const store: Omit<ObjectStore, 'check'> = {
    /**
     * A source that fails or is aborted ends the upload, and the parts that were sent are given back. A process that dies
     * leaves them: the README asks for a lifecycle rule.
     */
    async put(key, body, { mediaType, signal }) {
      signal?.throwIfAborted()
      const hashing = createHashing()
      // The failure reaches `done()` through the hashing stream; the callback only keeps it from being unhandled.
      const source = pipeline(signal ? addAbortSignal(signal, body) : body, hashing.stream, () => undefined)
      const params = { ...nameOf(key), Body: source, ContentType: mediaType }
      const upload = new Upload({ client, params, partSize: partBytes, queueSize: partsInFlight })
      try {
        await upload.done()
      } catch (error) {
        body.destroy()
        throw error
      }
      return hashing.result()
    },
    async get(key, { range, signal } = {}) {
      const Range = range && `bytes=${range.start}-${range.end}`
      const command = new GetObjectCommand({ ...nameOf(key), ...(Range && { Range }) })
      const answer = await client.send(command, signal ? { abortSignal: signal } : {}).catch((error: unknown) => {
        if (isMissing(error)) throw new ObjectMissing(key, { cause: error })
        if (range && isOutside(error)) throw new RangeOutside(range, undefined, { cause: error })
        throw error
      })
      const body = answer.Body as Readable
      return {
        bytes: answer.ContentLength ?? 0,
        mediaType: answer.ContentType ?? unknownMediaType,
        body: signal ? addAbortSignal(signal, body) : body,
      }
    },
    async head(key) {
      const answer = await client.send(new HeadObjectCommand(nameOf(key))).catch((error: unknown) => {
        if (isMissing(error)) return undefined
        throw error
      })
      return answer && { bytes: answer.ContentLength ?? 0, mediaType: answer.ContentType ?? unknownMediaType }
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand(nameOf(key))).catch((error: unknown) => {
        if (!isMissing(error)) throw error
      })
    },
    async *list(prefix) {
      const query = { Bucket: location.bucket, Prefix: location.prefix + prefix }
      for await (const page of paginateListObjectsV2({ client, pageSize: 1000 }, query)) {
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
          yield { key: Key.slice(location.prefix.length), bytes: Size, modifiedAt: LastModified ?? new Date(0) }
        }
      }
    },
    async presign(key, { seconds, mediaType, fileName }) {
      if (!location.presigns) return undefined
      const command = new GetObjectCommand({
        ...nameOf(key),
        ResponseContentType: mediaType,
        ResponseContentDisposition: contentDisposition(fileName),
      })
      return getSignedUrl(linkClient, command, { expiresIn: Math.min(Math.ceil(seconds), longestLinkSeconds) })
    },
  }
  return {
    ...store,
    async check() {
      try {
        await client.send(new HeadBucketCommand({ Bucket: location.bucket }))
        await roundTrip(store)
      } catch (error) {
        throw new Error(explain(error, location), { cause: error })
      }
    },
    close() {
      client.destroy()
      linkClient.destroy()
    },
  }
}
