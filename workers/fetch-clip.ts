/** From a provider's output to a clip in the object store: streamed to a local file, looked at, and stored under its own digest. */
import type { Attempt, OpenedOutput, Output, VideoProvider } from '#src/contracts/clip-provider.ts'
import type { AttemptRow } from '#src/database/attempts.ts'
import type { GenerationRow } from '#src/database/generations.ts'
import type { FetchedClip } from '#src/domain/generation/service-results.ts'
import { attemptForProvider } from '#src/domain/generation/service-submit.ts'
import { Retryable, Terminal } from '#src/errors.ts'
import type { Compositor } from '#src/media/compositor.ts'
import type { ObjectStore } from '#src/storage/storage.ts'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { join } from 'node:path'
import type { TempDirs } from './temp-dirs.ts'

export interface FetchClipDependencies {
  readonly store: Pick<ObjectStore, 'put'>
  readonly compositor: Pick<Compositor, 'probe'>
  readonly tempDirs: TempDirs
  /** A clip of 120 s at 4096 px stays below this. */
  readonly maxBytes?: number
}

export interface ClipSource {
  readonly row: GenerationRow
  readonly attempt: AttemptRow
  readonly output: Output
  readonly provider: VideoProvider
}

export type Fetched =
  | { readonly kind: 'fetched'; readonly clip: FetchedClip }
  /** The bytes are no usable clip. */
  | { readonly kind: 'bad_clip'; readonly message: string }
  /** The link to the result no longer works. */
  | { readonly kind: 'expired' }

type Unusable = Exclude<Fetched, { kind: 'fetched' }>

export type FetchClip = (source: ClipSource, signal: AbortSignal) => Promise<Fetched>

const defaultMaxBytes = 1024 ** 3

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 500)

export function createFetchClip({ store, compositor, tempDirs, maxBytes = defaultMaxBytes }: FetchClipDependencies): FetchClip {
  /** @throws when the provider could not be reached, which says nothing about the clip */
  async function open({ output, attempt, row, provider }: ClipSource, signal: AbortSignal): Promise<OpenedOutput | Unusable> {
    const forProvider: Attempt = attemptForProvider(attempt)
    try {
      return await provider.open(output, row.job_ref, forProvider, { signal })
    } catch (error) {
      if (!(error instanceof Terminal)) throw error
      return error.code === 'result_expired' ? { kind: 'expired' } : { kind: 'bad_clip', message: error.message }
    }
  }

  /** What is wrong with the bytes; undefined when the file is complete and opens. */
  async function inspect(path: string, expected: number | undefined, got: number, signal: AbortSignal) {
    if (expected !== undefined && got !== expected) return `${got} of ${expected} bytes came.`
    try {
      return await compositor.probe(path, { signal })
    } catch (error) {
      if (error instanceof Terminal) return error.message
      throw error
    }
  }

  async function fetchInto(dir: string, source: ClipSource, signal: AbortSignal): Promise<Fetched> {
    const opened = await open(source, signal)
    if ('kind' in opened) return opened
    const path = join(dir, 'clip')
    const saved = await save(opened.body, path, maxBytes, signal)
    if ('fault' in saved) return { kind: 'bad_clip', message: saved.fault }
    const facts = await inspect(path, opened.bytes, saved.bytes, signal)
    if (typeof facts === 'string') return { kind: 'bad_clip', message: facts }
    const { row } = source
    // The key names the content: a late write of a worker that lost its lease replaces nothing by something else.
    const objectKey = `${row.workspace_id}/clips/${row.id}/${saved.sha256}.mp4`
    const mediaType = 'video/mp4'
    const { bytes, sha256 } = await store.put(objectKey, createReadStream(path), { mediaType, signal })
    const { seconds, width, height, hasAudio } = facts
    return { kind: 'fetched', clip: { objectKey, mediaType, bytes, sha256, seconds, width, height, hasAudio } }
  }

  return (source, signal) => tempDirs.use((dir) => fetchInto(dir, source, signal))
}

/** Streams a body to a file. A body that breaks off or is too large is a fault of the clip; a full disk is ours. */
async function save(
  body: ReadableStream<Uint8Array>,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ bytes: number; sha256: string } | { fault: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  let fault: string | undefined
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.byteLength
      hash.update(chunk)
      if (bytes <= maxBytes) return done(null, chunk)
      fault = `The clip is larger than ${maxBytes} bytes.`
      done(new Error(fault))
    },
  })
  const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
  source.once('error', (error) => (fault ??= `The clip broke off after ${bytes} bytes: ${messageOf(error)}`))
  try {
    await pipeline(source, meter, createWriteStream(path), { signal })
  } catch (error) {
    if (signal.aborted) throw new Retryable('Stopped while a clip was fetched.', { cause: error })
    if (fault !== undefined) return { fault }
    throw error
  }
  return { bytes, sha256: hash.digest('hex') }
}
