/**
 * The bytes of a finished job, as a stream with limits on size and time. Our key goes only to the provider's own origin;
 * every other address in an answer is foreign, and is fetched through the guard without it.
 */
import { Retryable, Terminal } from '#src/errors.ts'
import type { Dialect } from './dialects.ts'
import { at } from './job.ts'
import type { OpenedOutput } from './provider.ts'

interface Dependencies {
  readonly baseUrl: string
  readonly dialect: Pick<Dialect, 'result' | 'query'>
  readonly authorization: () => Record<string, string>
  /** To the provider's own origin. */
  readonly fetch: typeof globalThis.fetch
  /** To every other origin, through the target guard. */
  readonly guardedFetch: typeof globalThis.fetch
  readonly maxBytes: number
  readonly timeoutMs: number
}

const redirects = [301, 302, 303, 307, 308]
const mostRedirects = 3

/** What vendors and their buckets call a video. */
const isVideo = (mediaType: string): boolean =>
  /^(video\/|application\/(octet-stream|mp4|binary)$|binary\/octet-stream$)/.test(mediaType)

/** @throws Terminal `result_expired` where a fresh poll may bring another address; Retryable where the same may work later */
function check(response: Response): void {
  const { status } = response
  if (status === 200) return
  void response.body?.cancel().catch(() => undefined)
  const message = `The provider answered ${status} when asked for the video.`
  if ([403, 404, 410].includes(status)) throw new Terminal('result_expired', message)
  throw new Retryable(message)
}

/** Fails the stream when it carries more than allowed, or less than announced. */
function counted(body: ReadableStream<Uint8Array>, expected: number | undefined, maxBytes: number): ReadableStream<Uint8Array> {
  let bytes = 0
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength
        if (bytes > maxBytes) controller.error(new Terminal('bad_clip', `The video is larger than ${maxBytes} bytes.`))
        else controller.enqueue(chunk)
      },
      flush(controller) {
        if (expected !== undefined && bytes !== expected) {
          controller.error(new Terminal('bad_clip', `The video broke off after ${bytes} of ${expected} bytes.`))
        }
      },
    }),
  )
}

/** The length that a compressed answer announces is not the length of what comes out. */
function announcedBytes({ headers }: Response): number | undefined {
  const length = headers.get('content-length')
  return length === null || headers.get('content-encoding') ? undefined : Number(length)
}

export function createOpenResult(dependencies: Dependencies) {
  const { baseUrl, dialect, authorization, maxBytes, timeoutMs } = dependencies
  const { origin } = new URL(baseUrl)

  const get = (url: URL, signal: AbortSignal): Promise<Response> =>
    url.origin === origin
      ? dependencies.fetch(url.href, { headers: authorization(), redirect: 'manual', signal })
      : dependencies.guardedFetch(url.href, { redirect: 'manual', signal })

  async function follow(first: URL, signal: AbortSignal): Promise<Response> {
    let url = first
    for (let left = mostRedirects; ; left--) {
      const response = await get(url, signal)
      const location = response.headers.get('location')
      if (!redirects.includes(response.status) || location === null) return response
      void response.body?.cancel().catch(() => undefined)
      if (left === 0 || !URL.canParse(location, url.href))
        throw new Terminal('bad_clip', 'The address of the video leads nowhere.')
      url = new URL(location, url)
    }
  }

  function contentUrl(id: string): URL {
    const url = new URL(`${baseUrl.replace(/\/$/, '')}/videos/${encodeURIComponent(id)}/content`)
    for (const [name, value] of Object.entries(dialect.query)) url.searchParams.set(name, value)
    return url
  }

  /** @param job the vendor's description, asked for anew: the addresses in it are short-lived, and are never stored */
  function urlIn(job: unknown): URL {
    const found = dialect.result === 'content' ? undefined : at(job, dialect.result.url)
    const text: unknown = Array.isArray(found) ? found[0] : found
    if (typeof text !== 'string' || !URL.canParse(text, baseUrl))
      throw new Terminal('result_expired', 'The finished job has no address of a video.')
    return new URL(text, baseUrl)
  }

  /** @param describe asks the vendor for the job, where the address is in there */
  return async function open(id: string, describe: () => Promise<unknown>, signal: AbortSignal): Promise<OpenedOutput> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const url = dialect.result === 'content' ? contentUrl(id) : urlIn(await describe())
    const response = await follow(url, limited)
    check(response)
    const mediaType = (response.headers.get('content-type') ?? 'application/octet-stream').split(';')[0]!.trim().toLowerCase()
    const bytes = announcedBytes(response)
    const fault = !isVideo(mediaType)
      ? `The provider sent ${mediaType.slice(0, 60)} instead of a video.`
      : bytes !== undefined && bytes > maxBytes
        ? `The video has ${bytes} bytes, more than ${maxBytes}.`
        : undefined
    if (fault || !response.body) {
      void response.body?.cancel().catch(() => undefined)
      throw new Terminal('bad_clip', fault ?? 'The provider sent an empty answer instead of a video.')
    }
    return { body: counted(response.body, bytes, maxBytes), mediaType, ...(bytes !== undefined && { bytes }) }
  }
}
