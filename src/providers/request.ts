/** One clip as a dialect asks for it: field names and values, and their encoding. Deterministic but for a form's boundary. */
import type { Dialect, EchoedField } from './dialects.ts'
import { frameSize } from './frame-size.ts'
import type { Attempt } from './provider.ts'

type Value = string | number | boolean

interface Wanted {
  readonly dialect: Dialect
  /** Without the provider. */
  readonly model: string
  readonly attempt: Pick<Attempt, 'id' | 'clip' | 'callbackUrl'>
}

/** @throws for an aspect ratio or resolution that is none */
function valuesOf({ dialect, model, attempt }: Wanted): Record<keyof Dialect['fields'], Value | undefined> {
  const { clip } = attempt
  const { width, height } = frameSize(clip.aspectRatio, clip.resolution)
  return {
    model,
    prompt: clip.prompt,
    seconds: dialect.seconds_as === 'string' ? String(clip.seconds) : clip.seconds,
    size: `${width}x${height}`,
    width,
    height,
    aspect_ratio: clip.aspectRatio,
    resolution: clip.resolution,
    audio: clip.audio,
    seed: clip.seed,
    negative_prompt: clip.negativePrompt,
    callback_url: attempt.callbackUrl,
    attempt: attempt.id,
  }
}

/** Vendor's field name → value, for every field that the dialect names and the clip has. */
export function fieldsOf(wanted: Wanted): Record<string, Value> {
  const values = valuesOf(wanted)
  const named = Object.entries(wanted.dialect.fields).flatMap(([field, name]) => {
    const value = values[field as keyof Dialect['fields']]
    return name === null || value === undefined ? [] : [[name, value] as const]
  })
  return { ...wanted.dialect.constants, ...Object.fromEntries(named) }
}

/** What a list's item must show to be the attempt's: dialect's field name → value as text. */
export function echoesOf(wanted: Wanted, echoed: readonly EchoedField[]): Record<string, string> {
  const values = valuesOf(wanted)
  return Object.fromEntries(
    echoed.flatMap((field) => {
      const name = wanted.dialect.fields[field]
      return name === null ? [] : [[name, String(values[field])]]
    }),
  )
}

export interface EncodedBody {
  readonly contentType: string
  readonly body: Uint8Array<ArrayBuffer>
}

/**
 * Bytes, and not a FormData: the transport's fetch and the runtime's FormData are of different undici versions and do
 * not know each other.
 */
export async function encode(fields: Record<string, Value>, encoding: Dialect['encoding']): Promise<EncodedBody> {
  if (encoding === 'json') return { contentType: 'application/json', body: new TextEncoder().encode(JSON.stringify(fields)) }
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value))
  const encoded = new Response(form)
  return { contentType: encoded.headers.get('content-type') ?? '', body: new Uint8Array(await encoded.arrayBuffer()) }
}
