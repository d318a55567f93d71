/** The little of ISO 14496-12 that it takes to check a finished file without any tool: boxes, size, length, codecs. */
export interface Mp4Facts {
  readonly width: number
  readonly height: number
  readonly seconds: number
  /** The index comes before the media, so that a player can start at once. */
  readonly moovFirst: boolean
  readonly videoCodec: string
  readonly audioCodec: string | null
}

interface Box {
  readonly type: string
  readonly body: Buffer
}

const containers = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl'])

function boxesOf(buffer: Buffer): Box[] {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= buffer.length;) {
    const small = buffer.readUInt32BE(at)
    const header = small === 1 ? 16 : 8
    const size = small === 1 ? Number(buffer.readBigUInt64BE(at + 8)) : small === 0 ? buffer.length - at : small
    if (size < header) break
    boxes.push({ type: buffer.toString('latin1', at + 4, at + 8), body: buffer.subarray(at + header, at + size) })
    at += size
  }
  return boxes
}

const deep = (boxes: readonly Box[]): Box[] =>
  boxes.flatMap((box) => [box, ...(containers.has(box.type) ? deep(boxesOf(box.body)) : [])])

/** Codec of a sample description, e.g. "avc1": the type of its first entry. */
const codecOf = (stsd: Box) => stsd.body.toString('latin1', 12, 16)

/** @throws when the file is not an MP4 with a picture */
export function readMp4(file: Buffer): Mp4Facts {
  const top = boxesOf(file)
  const boxes = deep(top)
  const find = (type: string) => boxes.filter((box) => box.type === type)
  const mvhd = find('mvhd')[0]
  if (!mvhd) throw new Error('This is not an MP4 file: it has no mvhd box.')
  const long = mvhd.body[0] === 1
  const scale = mvhd.body.readUInt32BE(long ? 20 : 12)
  const duration = long ? Number(mvhd.body.readBigUInt64BE(24)) : mvhd.body.readUInt32BE(16)
  const sizes = find('tkhd').map(
    ({ body }) => [body.readUInt32BE(body.length - 8) / 65_536, body.readUInt32BE(body.length - 4) / 65_536] as const,
  )
  const [width, height] = sizes.find(([w]) => w > 0) ?? [0, 0]
  const codecs = find('stsd').map(codecOf)
  const order = top.map(({ type }) => type)
  return {
    width,
    height,
    seconds: duration / scale,
    moovFirst: order.includes('moov') && order.indexOf('moov') < order.indexOf('mdat'),
    videoCodec: codecs.find((codec) => codec !== 'mp4a') ?? 'none',
    audioCodec: codecs.find((codec) => codec === 'mp4a') ?? null,
  }
}
