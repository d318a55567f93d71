/** What a file is by its first bytes, whatever its name says. Only what is named here is ever opened. */
import { open } from 'node:fs/promises'

/** FFmpeg's names of the two demuxers that clips may use; forced, so that no playlist or script format is ever tried. */
export type Container = 'mov' | 'matroska'
export type ImageType = 'image/png' | 'image/jpeg' | 'image/webp'

export const headBytes = 64 * 1024

const ascii = (head: Buffer, from: number, to: number): string => head.toString('latin1', from, to)

/** First boxes of ISO media files; old QuickTime files have no `ftyp`. */
const isoBoxes = new Set(['ftyp', 'moov', 'mdat', 'free', 'wide', 'skip'])

export function sniffContainer(head: Buffer): Container | undefined {
  if (head.length >= 12 && isoBoxes.has(ascii(head, 4, 8))) return 'mov'
  if (head.length >= 4 && head.readUInt32BE(0) === 0x1a45dfa3) return 'matroska'
  return undefined
}

/** Sound files that may be a track: the two containers and raw MP3, WAV. */
export function sniffSound(head: Buffer): Container | 'mp3' | 'wav' | undefined {
  const container = sniffContainer(head)
  if (container) return container
  if (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WAVE') return 'wav'
  const isMpegAudio = head.length > 2 && head[0] === 0xff && (head[1]! & 0xe6) === 0xe2
  return isMpegAudio || ascii(head, 0, 3) === 'ID3' ? 'mp3' : undefined
}

/** No SVG: it is a program with network access, not a picture. No GIF: a logo in 256 colours has torn edges. */
export function sniffImage(head: Buffer): ImageType | undefined {
  if (head.length >= 24 && ascii(head, 0, 8) === '\x89PNG\r\n\x1a\n') return 'image/png'
  if (head.length >= 4 && head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'image/jpeg'
  if (head.length >= 30 && ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WEBP') return 'image/webp'
  return undefined
}

export async function readHead(path: string, bytes = headBytes): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(bytes)
    const { bytesRead } = await file.read(head, 0, bytes, 0)
    return head.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
