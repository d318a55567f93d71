/** Opening a clip with every guard: it comes from outside and is read by C code. Only in a compositor child. */
import { stat } from 'node:fs/promises'
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_PCM_S16LE,
  AV_CODEC_ID_VP9,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVERROR_EOF,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  type AVMediaType,
} from 'node-av/constants'
import { Codec, Dictionary, FormatContext, InputFormat, Packet, type Stream } from 'node-av/lib'
import type { ClipFacts } from '#src/contracts/composition.ts'
import { Terminal } from '#src/errors.ts'
import { openGraph } from './graph-run.ts'
import { escapeValue } from './graph-text.ts'
import { type Container, readHead, sniffContainer, sniffSound } from './probe-sniff.ts'

/** A clip that passed: what a caller is told, and what the filter graph needs. */
export interface OpenedClip extends ClipFacts {
  readonly path: string
  readonly container: Container
  /** Degrees clockwise that a player turns the picture by. Sizes above are after turning. */
  readonly rotation: 0 | 90 | 180 | 270
  /** Width of a pixel over its height. */
  readonly pixelAspect: number
  readonly pictures: number
}

const videoCodecs: ReadonlyMap<number, string> = new Map<number, string>([
  [AV_CODEC_ID_H264, 'h264'],
  [AV_CODEC_ID_HEVC, 'hevc'],
  [AV_CODEC_ID_VP9, 'vp9'],
  [AV_CODEC_ID_AV1, 'av1'],
])
const audioCodecs: ReadonlySet<number> = new Set<number>([AV_CODEC_ID_AAC, AV_CODEC_ID_OPUS, AV_CODEC_ID_MP3])
/** FFmpeg numbers its PCM variants in one block of 65536. */
const isPcm = (id: number): boolean => id >= AV_CODEC_ID_PCM_S16LE && id < AV_CODEC_ID_PCM_S16LE + 0x1000
const hasKnownSound = ({ codecpar }: Stream): boolean => audioCodecs.has(codecpar.codecId) || isPcm(codecpar.codecId)
const most = { side: 4096, seconds: 120, fps: 60 } as const
/** Clips of variable rate overshoot their average now and then; 59.94 and 60 pass as they are. */
const fpsTolerance = 0.5

const bad = (message: string): Terminal => new Terminal('bad_clip', message)

const codecName = ({ codecpar }: Stream): string =>
  videoCodecs.get(codecpar.codecId) ?? Codec.findDecoder(codecpar.codecId)?.name ?? 'something unknown'

/** The third row and column of the display matrix are of no use for turning; 16.16 fixed point. */
function rotationOf(stream: Stream): OpenedClip['rotation'] {
  const matrix = stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX)
  if (!matrix || matrix.length < 36) return 0
  const degrees = (Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0)) * 180) / Math.PI
  return ((((Math.round(degrees / 90) * 90) % 360) + 360) % 360) as OpenedClip['rotation']
}

async function openFile(path: string, container: string): Promise<FormatContext> {
  const input = new FormatContext()
  using options = Dictionary.fromObject({ protocol_whitelist: 'file', enable_drefs: '0' })
  const opened = await input.openInput(path, InputFormat.findInputFormat(container), options)
  if (opened < 0) throw bad('The clip cannot be opened: it is damaged, cut off or not the kind of file it looks like.')
  if ((await input.findStreamInfo()) >= 0) return input
  await input.closeInput()
  throw bad('The clip has no readable streams.')
}

function guardStreams(video: Stream | undefined, audio: Stream | undefined): Stream {
  if (!video) throw bad('The clip has no picture.')
  if (!videoCodecs.has(video.codecpar.codecId))
    throw bad(`The clip's picture is coded as ${codecName(video)}; h264, hevc, vp9 and av1 are accepted.`)
  if (audio && !hasKnownSound(audio))
    throw bad(`The clip's sound is coded as ${codecName(audio)}; aac, opus, mp3 and pcm are accepted.`)
  const { width, height } = video.codecpar
  if (width < 2 || height < 2) throw bad('The clip does not say the size of its picture.')
  if (Math.max(width, height) > most.side)
    throw bad(`The clip is ${width}×${height}; at most ${most.side} pixels a side are accepted.`)
  return video
}

/** Reads all packets, decoding none: the header of a cut-off file still promises its full length. */
async function scanPackets(input: FormatContext, video: Stream): Promise<{ pictures: number; seconds: number }> {
  using packet = new Packet()
  packet.alloc()
  let pictures = 0
  let first: bigint | undefined
  let end = 0n
  for (;;) {
    const code = await input.readFrame(packet)
    if (code < 0) {
      if (code !== AVERROR_EOF) throw bad('The clip is damaged: it cannot be read to its end.')
      break
    }
    if (packet.streamIndex === video.index && packet.size > 0) {
      const at = packet.pts
      first = first === undefined || at < first ? at : first
      if (at + packet.duration > end) end = at + packet.duration
      pictures++
    }
    packet.unref()
  }
  const { num, den } = video.timeBase
  return { pictures, seconds: (Number(end - (first ?? 0n)) * num) / den }
}

function guardLength(seconds: number, promised: number, fps: number, pictures: number): void {
  if (pictures === 0 || !(seconds > 0)) throw bad('The clip has no pictures.')
  if (seconds > most.seconds) throw bad(`The clip lasts ${seconds.toFixed(1)} s; at most ${most.seconds} s are accepted.`)
  if (fps > most.fps + fpsTolerance)
    throw bad(`The clip has ${fps.toFixed(1)} pictures a second; at most ${most.fps} are accepted.`)
  if (promised - seconds > Math.max(0.5, promised * 0.1))
    throw bad(`The clip is cut off: ${seconds.toFixed(1)} of ${promised.toFixed(1)} s are there.`)
}

/** One decoded picture tells what no header does: whether the decoder understands the file at all. */
async function guardDecodes(path: string, container: Container): Promise<void> {
  const text = `movie=filename=${escapeValue(path)}:format_name=${container}:dec_threads=1,trim=end_frame=1,buffersink@first`
  try {
    using graph = await openGraph(text, [], 1)
    const frame = await graph.frames('first').next()
    if (!frame) throw bad('No picture of the clip can be decoded.')
    frame.free()
  } catch (error) {
    throw error instanceof Terminal && error.code === 'bad_clip' ? error : bad('The clip cannot be decoded.')
  }
}

async function inspectClip(path: string, container: Container, input: FormatContext): Promise<OpenedClip> {
  const first = (type: AVMediaType) => input.streams[input.findBestStream(type)]
  const audio = first(AVMEDIA_TYPE_AUDIO)
  const video = guardStreams(first(AVMEDIA_TYPE_VIDEO), audio)
  const { pictures, seconds } = await scanPackets(input, video)
  const fps = pictures > 1 ? pictures / seconds : video.avgFrameRate.num / Math.max(1, video.avgFrameRate.den)
  const promised = Math.min(most.seconds, (Number(video.duration) * video.timeBase.num) / video.timeBase.den)
  guardLength(seconds, promised, fps, pictures)
  const rotation = rotationOf(video)
  const turned = rotation === 90 || rotation === 270
  const { width, height } = video.codecpar
  const aspect = video.sampleAspectRatio.num > 0 ? video.sampleAspectRatio.num / Math.max(1, video.sampleAspectRatio.den) : 1
  return {
    path,
    container,
    rotation,
    pixelAspect: turned ? 1 / aspect : aspect,
    pictures,
    seconds,
    width: turned ? height : width,
    height: turned ? width : height,
    fps: Math.round(fps * 1000) / 1000,
    hasAudio: audio !== undefined,
    videoCodec: codecName(video),
  }
}

/** @throws Terminal `bad_clip` with what is wrong; Retryable is never the answer to a file that will not change */
export async function probeClip(path: string): Promise<OpenedClip> {
  const { size } = await stat(path)
  if (size === 0) throw bad('The clip is an empty file.')
  const container = sniffContainer(await readHead(path))
  if (!container) throw bad('The clip is neither an MP4 (or MOV) nor a WebM (or Matroska) file.')
  const input = await openFile(path, container)
  try {
    const facts = await inspectClip(path, container, input)
    await guardDecodes(path, container)
    return facts
  } finally {
    await input.closeInput()
  }
}

/** A sound track beside the clips. @throws Terminal `bad_media` */
export async function probeTrack(path: string): Promise<{ path: string; container: string }> {
  const container = sniffSound(await readHead(path))
  if (!container) throw new Terminal('bad_media', 'The sound track is no MP4, WebM, MP3 or WAV file.')
  const input = await openFile(path, container).catch(() => undefined)
  const stream = input?.streams[input.findBestStream(AVMEDIA_TYPE_AUDIO)]
  const accepted = stream !== undefined && hasKnownSound(stream)
  await input?.closeInput()
  if (!accepted) throw new Terminal('bad_media', 'The sound track has no sound coded as aac, opus, mp3 or pcm.')
  return { path, container }
}
