/** An uploaded picture: its size is read from its header and judged before a decoder sees one pixel of it. */
import { readFile } from 'node:fs/promises'
import { loadImage } from '@napi-rs/canvas'
import { Terminal } from '#src/errors.ts'
import { type ImageType, sniffImage } from './probe-sniff.ts'

const maxSide = 8192
const maxPixels = 40_000_000

export interface ImageFacts {
  readonly width: number
  readonly height: number
  readonly mediaType: ImageType
}
interface Size {
  readonly width: number
  readonly height: number
}

const startOfFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** Walks the segments to the frame header: the only place of a JPEG that says its size. */
function jpegSize(bytes: Buffer): Size | undefined {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    if (bytes[at + 1] === 0xff) at -= 1 + bytes.readUInt16BE(at + 2)
    else if (startOfFrame(bytes[at + 1]!)) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
  }
  return undefined
}

/** The three ways a WebP says its size: extended, lossless, lossy. */
function webpSize(bytes: Buffer): Size | undefined {
  const kind = bytes.toString('latin1', 12, 16)
  if (kind === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
  if (kind === 'VP8 ') return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
  if (kind !== 'VP8L') return undefined
  const bits = bytes.readUInt32LE(21)
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
}

const sizes = {
  'image/png': (bytes: Buffer) => ({ width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }),
  'image/jpeg': jpegSize,
  'image/webp': webpSize,
} as const satisfies Record<ImageType, (bytes: Buffer) => Size | undefined>

/** Decoders show the part that is there of a cut-off picture, with a grey rest: only its end tells. */
const isWhole = {
  'image/png': (bytes: Buffer) => bytes.lastIndexOf('IEND', undefined, 'latin1') > 0,
  'image/jpeg': (bytes: Buffer) => bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) > 0,
  'image/webp': (bytes: Buffer) => bytes.readUInt32LE(4) + 8 <= bytes.length,
} as const satisfies Record<ImageType, (bytes: Buffer) => boolean>

const bad = (message: string): Terminal => new Terminal('bad_media', message)

function declaredSize(bytes: Buffer, mediaType: ImageType): Size {
  const size = sizes[mediaType](bytes)
  if (!size || size.width < 1 || size.height < 1) throw bad('The picture does not say its size; save it again and upload that.')
  const { width, height } = size
  if (Math.max(width, height) > maxSide)
    throw bad(`The picture is ${width}×${height}; at most ${maxSide} pixels a side are accepted.`)
  if (width * height > maxPixels) throw bad(`The picture has ${width * height} pixels; at most ${maxPixels} are accepted.`)
  return size
}

/** @throws Terminal `bad_media` for what is no PNG, JPEG or WebP, is too large, or cannot be decoded */
export async function inspectImage(path: string): Promise<ImageFacts> {
  const bytes = await readFile(path)
  const mediaType = sniffImage(bytes)
  if (!mediaType) throw bad('The file is no PNG, JPEG or WebP picture.')
  declaredSize(bytes, mediaType)
  if (!isWhole[mediaType](bytes)) throw bad('The picture is damaged: its end is missing.')
  const image = await loadImage(bytes).catch(() => undefined)
  if (!image || image.width < 1) throw bad('The picture is damaged: it cannot be decoded.')
  return { width: image.width, height: image.height, mediaType }
}
