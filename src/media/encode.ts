/** Frames → one MP4 file with its index first. Only in a compositor child. */
import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PICTURE_TYPE_NONE,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  AVFMT_FLAG_BITEXACT,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBX264,
} from 'node-av/constants'
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  type Frame,
  Packet,
  Rational,
  type Stream,
} from 'node-av/lib'
import { audioKbps, encoderRate, type VideoSettings } from './encode-settings.ts'
import { encoderFrame } from './graph-audio.ts'
import type { FrameSource } from './graph-run.ts'

interface Track {
  readonly encoder: CodecContext
  readonly frames: FrameSource
  /** Writes on the frame what the encoder shall read. */
  readonly prepare: (frame: Frame, count: number) => void
}

const check = (code: number, doing: string): void => FFmpegError.throwIfError(code, doing)

async function open(encoder: CodecContext, codec: Codec, options: Readonly<Record<string, string>>): Promise<void> {
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER, AV_CODEC_FLAG_BITEXACT)
  using dictionary = Dictionary.fromObject(options)
  check(await encoder.open2(codec, dictionary), 'Opening the encoder')
}

function encoderFor(name: typeof FF_ENCODER_LIBX264 | typeof FF_ENCODER_AAC): { codec: Codec; encoder: CodecContext } {
  const codec = Codec.findEncoderByName(name)
  if (!codec) throw new Error(`This build has no ${name}.`)
  const encoder = new CodecContext()
  encoder.allocContext3(codec)
  return { codec, encoder }
}

async function videoTrack(frames: FrameSource, settings: VideoSettings): Promise<Track> {
  const { codec, encoder } = encoderFor(FF_ENCODER_LIBX264)
  const { num, den } = encoderRate(settings)
  encoder.width = frames.sink.buffersinkGetWidth()
  encoder.height = frames.sink.buffersinkGetHeight()
  encoder.pixelFormat = frames.sink.buffersinkGetFormat() as typeof encoder.pixelFormat
  encoder.sampleAspectRatio = new Rational(1, 1)
  encoder.timeBase = new Rational(den, num)
  encoder.framerate = new Rational(num, den)
  encoder.colorRange = AVCOL_RANGE_MPEG
  encoder.colorPrimaries = AVCOL_PRI_BT709
  encoder.colorTrc = AVCOL_TRC_BT709
  encoder.colorSpace = AVCOL_SPC_BT709
  encoder.threadCount = settings.threads
  await open(encoder, codec, settings.options)
  const prepare = (frame: Frame, count: number) => {
    frame.pts = BigInt(count)
    frame.duration = 1n
    // The clip's own key frames would be forced on the encoder and break the two-second GOPs.
    frame.pictType = AV_PICTURE_TYPE_NONE
  }
  return { encoder, frames, prepare }
}

async function audioTrack(frames: FrameSource): Promise<Track> {
  const { codec, encoder } = encoderFor(FF_ENCODER_AAC)
  encoder.sampleRate = frames.sink.buffersinkGetSampleRate()
  encoder.sampleFormat = frames.sink.buffersinkGetFormat() as typeof encoder.sampleFormat
  encoder.channelLayout = frames.sink.buffersinkGetChannelLayout()
  encoder.timeBase = new Rational(1, encoder.sampleRate)
  encoder.bitRate = BigInt(audioKbps * 1000)
  await open(encoder, codec, {})
  const prepare = (frame: Frame, count: number) => {
    frame.pts = BigInt(count * encoderFrame)
  }
  return { encoder, frames, prepare }
}

async function* received(encoder: CodecContext): AsyncGenerator<Packet> {
  for (;;) {
    const packet = new Packet()
    packet.alloc()
    if ((await encoder.receivePacket(packet)) < 0) return packet.free()
    yield packet
  }
}

/** The next frame is filtered while the last one is encoded: two cores are busy although x264 gets one frame at a time. */
async function* packetsOf({ encoder, frames, prepare }: Track): AsyncGenerator<Packet> {
  /** A picture that fails to decode while the one before is encoded must wait to be asked for, or it ends the process. */
  const fetch = () => {
    const next = frames.next()
    next.catch(() => undefined)
    return next
  }
  let ahead = fetch()
  try {
    for (let count = 0; ; count++) {
      const frame = await ahead
      if (!frame) break
      ahead = fetch()
      prepare(frame, count)
      const code = await encoder.sendFrame(frame)
      frame.free()
      check(code, 'Encoding')
      yield* received(encoder)
    }
    check(await encoder.sendFrame(null), 'Ending the encoding')
    yield* received(encoder)
  } finally {
    // Freeing a graph that is still at work ends the process.
    await ahead.then(
      (frame) => frame?.free(),
      () => undefined,
    )
  }
}

interface Lane {
  readonly stream: Stream
  readonly encoder: CodecContext
  readonly packets: AsyncGenerator<Packet>
  head: Packet | undefined
}

const advance = async (lane: Lane): Promise<void> => {
  lane.head = (await lane.packets.next()).value ?? undefined
}
const headSeconds = ({ head, encoder }: Lane): number =>
  head ? (Number(head.dts) * encoder.timeBase.num) / encoder.timeBase.den : Infinity

/** Writes in order of time, so that the muxer holds nothing back and players find sound beside picture. */
async function writeInOrder(output: FormatContext, lanes: readonly Lane[]): Promise<void> {
  for (const lane of lanes) await advance(lane)
  for (;;) {
    const lane = lanes.reduce((first, other) => (headSeconds(other) < headSeconds(first) ? other : first))
    if (!lane.head) return
    using packet = lane.head
    packet.streamIndex = lane.stream.index
    packet.rescaleTs(lane.encoder.timeBase, lane.stream.timeBase)
    check(await output.interleavedWriteFrame(packet), 'Writing the file')
    await advance(lane)
  }
}

function laneFor(output: FormatContext, track: Track): Lane {
  const stream = output.newStream()
  check(stream.codecpar.fromContext(track.encoder), 'Describing the stream')
  stream.timeBase = track.encoder.timeBase
  return { stream, encoder: track.encoder, packets: packetsOf(track), head: undefined }
}

async function writeFile(path: string, tracks: readonly Track[]): Promise<void> {
  await using output = new FormatContext()
  check(output.allocOutputContext2(null, 'mp4', path), 'Opening the muxer')
  output.setFlags(AVFMT_FLAG_BITEXACT)
  const lanes = tracks.map((track) => laneFor(output, track))
  const video = lanes[0]!.stream
  video.avgFrameRate = tracks[0]!.encoder.framerate
  check(await output.openOutput(), 'Opening the file')
  try {
    using options = Dictionary.fromObject({ movflags: '+faststart', brand: 'mp42' })
    check(await output.writeHeader(options), 'Writing the header')
    await writeInOrder(output, lanes)
    check(await output.writeTrailer(), 'Finishing the file')
  } finally {
    for (const lane of lanes) await lane.packets.return(undefined)
    await output.closeOutput()
  }
}

/**
 * Encodes to `path`, which is overwritten and is not whole when this throws: write to a temporary name.
 * Equal frames and settings give equal bytes.
 */
export async function encodeFile(input: {
  readonly path: string
  readonly video: { readonly frames: FrameSource; readonly settings: VideoSettings }
  readonly audio: FrameSource | null
}): Promise<void> {
  const tracks: Track[] = []
  try {
    tracks.push(await videoTrack(input.video.frames, input.video.settings))
    if (input.audio) tracks.push(await audioTrack(input.audio))
    await writeFile(input.path, tracks)
  } finally {
    for (const { encoder } of tracks) encoder.freeContext()
  }
}
