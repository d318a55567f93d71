/**
 * Files by link. What waits for approval needs the key, which neither <img> nor <video> can send: it is fetched here and
 * shown from memory. Approved files are shown by their links, so that the browser may stream and cache them.
 */
import { useEffect, useState } from 'react'
import { send } from './client.ts'

/** Links carry the public address; the page may have been opened by another name of the same service. */
export const localPath = (url: string): string => new URL(url).pathname

const kept = 96
const loaded = new Map<string, Promise<string>>()

async function load(path: string): Promise<string> {
  const answer = await send(path)
  return URL.createObjectURL(await answer.blob())
}

/** A blob URL of the file, at once when it was loaded before. The oldest are let go. */
export function prefetch(url: string): Promise<string> {
  const path = localPath(url)
  const known = loaded.get(path)
  if (known) {
    loaded.delete(path)
    loaded.set(path, known)
    return known
  }
  const loading = load(path)
  loaded.set(path, loading)
  loading.catch(() => loaded.delete(path))
  for (const [oldest, blob] of loaded) {
    if (loaded.size <= kept) break
    loaded.delete(oldest)
    void blob.then((objectUrl) => URL.revokeObjectURL(objectUrl)).catch(() => {})
  }
  return loading
}

const ready = new Map<string, string>()

/** @param locked the link needs the key */
export function useFile(url: string | null | undefined, locked: boolean): string | undefined {
  const direct = url && !locked ? localPath(url) : undefined
  const [blob, setBlob] = useState<{ readonly url: string; readonly at: string }>()
  useEffect(() => {
    if (!url || !locked) return
    let current = true
    prefetch(url)
      .then((at) => {
        ready.set(url, at)
        if (current) setBlob({ url, at })
      })
      .catch(() => {})
    return () => void (current = false)
  }, [url, locked])
  if (!url) return undefined
  return direct ?? (blob?.url === url ? blob.at : undefined)
}
