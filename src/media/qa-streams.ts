/** What the finished file says of itself, read anew from disk. Only in a compositor child. */
import { stat } from 'node:fs/promises'
import {
  AV_PIX_FMT_YUV420P,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  type AVMediaType,
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_H264,
} from 'node-av/constants'
import { FFmpegError, FormatContext, InputFormat, Packet, type Stream } from 'node-av/lib'
import { moovFirst, topBoxes } from './qa-boxes.ts'

export interface StreamFigures {
  readonly bytes: number
  readonly moovFirst: boolean
  readonly width: number
  readonly height: number
  readonly h264: boolean
  readonly yuv420p: boolean
  readonly frames: number
  readonly keyFrames: number
  readonly videoSeconds: number
  /** Kilobits per second of the picture alone. */
  readonly videoKbps: number
  readonly audio: { readonly aac: boolean; readonly rate: number; readonly channels: number; readonly seconds: number } | null
}

interface Counted {
  frames: number
  keyFrames: number
  bytes: number
}

async function countPackets(file: FormatContext, video: Stream): Promise<Counted> {
  const counted: Counted = { frames: 0, keyFrames: 0, bytes: 0 }
  using packet = new Packet()
  packet.alloc()
  while ((await file.readFrame(packet)) >= 0) {
    if (packet.streamIndex === video.index) {
      counted.frames++
      counted.bytes += packet.size
      if (packet.isKeyframe) counted.keyFrames++
    }
    packet.unref()
  }
  return counted
}

const secondsOf = ({ duration, timeBase }: Stream): number => (Number(duration) * timeBase.num) / timeBase.den

function audioFigures(stream: Stream | undefined): StreamFigures['audio'] {
  if (!stream) return null
  const { codecId, sampleRate, channels } = stream.codecpar
  return { aac: codecId === AV_CODEC_ID_AAC, rate: sampleRate, channels, seconds: secondsOf(stream) }
}

async function figuresOf(path: string, file: FormatContext): Promise<StreamFigures> {
  FFmpegError.throwIfError(await file.findStreamInfo(), 'Reading the finished file')
  const stream = (type: AVMediaType) => file.streams[file.findBestStream(type)]
  const video = stream(AVMEDIA_TYPE_VIDEO)
  if (!video) throw new Error('The finished file has no picture.')
  const { codecId, width, height, format } = video.codecpar
  const { frames, keyFrames, bytes } = await countPackets(file, video)
  const videoSeconds = secondsOf(video)
  return {
    bytes: (await stat(path)).size,
    moovFirst: moovFirst(await topBoxes(path)),
    width,
    height,
    h264: codecId === AV_CODEC_ID_H264,
    yuv420p: format === AV_PIX_FMT_YUV420P,
    frames,
    keyFrames,
    videoSeconds,
    videoKbps: (bytes * 8) / 1000 / videoSeconds,
    audio: audioFigures(stream(AVMEDIA_TYPE_AUDIO)),
  }
}

export async function readStreams(path: string): Promise<StreamFigures> {
  const file = new FormatContext()
  FFmpegError.throwIfError(await file.openInput(path, InputFormat.findInputFormat('mov')), 'Opening the finished file')
  try {
    return await figuresOf(path, file)
  } finally {
    await file.closeInput()
  }
}
