/** What may be uploaded, told by its first bytes and never by its name. No SVG: it can carry scripts and links. */
export const maxUploadBytes = 50 * 1024 * 1024

export interface MediaType {
  readonly kind: 'image' | 'font' | 'audio'
  readonly mediaType: string
}

interface Signature extends MediaType {
  readonly matches: (head: Buffer) => boolean
}

const at = (offset: number, text: string) => (head: Buffer) =>
  head.subarray(offset, offset + text.length).toString('latin1') === text
const all =
  (...tests: ((head: Buffer) => boolean)[]) =>
  (head: Buffer) =>
    tests.every((test) => test(head))
const any =
  (...tests: ((head: Buffer) => boolean)[]) =>
  (head: Buffer) =>
    tests.some((test) => test(head))
/** An MPEG audio frame: eleven bits of sync, layer III. */
const mp3Frame = (head: Buffer) => head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2

const signatures: readonly Signature[] = [
  { kind: 'image', mediaType: 'image/png', matches: at(0, '\x89PNG\r\n\x1a\n') },
  { kind: 'image', mediaType: 'image/jpeg', matches: at(0, '\xff\xd8\xff') },
  { kind: 'image', mediaType: 'image/webp', matches: all(at(0, 'RIFF'), at(8, 'WEBP')) },
  { kind: 'font', mediaType: 'font/woff2', matches: at(0, 'wOF2') },
  { kind: 'font', mediaType: 'font/otf', matches: at(0, 'OTTO') },
  { kind: 'font', mediaType: 'font/ttf', matches: any(at(0, '\x00\x01\x00\x00'), at(0, 'true')) },
  { kind: 'audio', mediaType: 'audio/wav', matches: all(at(0, 'RIFF'), at(8, 'WAVE')) },
  { kind: 'audio', mediaType: 'audio/mpeg', matches: any(at(0, 'ID3'), mp3Frame) },
  { kind: 'audio', mediaType: 'audio/mp4', matches: any(at(4, 'ftypM4A '), at(4, 'ftypM4B ')) },
]

/** How many bytes {@link sniff} looks at. */
export const headBytes = 16

export const acceptedTypes = signatures.map((signature) => signature.mediaType)

/** @param head the first bytes of the file */
export function sniff(head: Buffer): MediaType | undefined {
  const found = signatures.find((signature) => signature.matches(head))
  return found && { kind: found.kind, mediaType: found.mediaType }
}

/** A name that can be kept and shown; the path that some browsers send is cut off. */
export function cleanName(fileName: string): string {
  const name = fileName.split(/[/\\]/).at(-1) ?? ''
  const printable = name
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
  return printable.slice(0, 200) || 'file'
}
