/** The gate: figures of the finished file in, the first reason to refuse it out. Pure. */
import type { OutputFormat } from '#src/contracts/composition.ts'
import { silentBelow } from './graph-audio.ts'
import { secondsIn } from './graph-text.ts'
import type { Timeline } from './graph-timeline.ts'
import type { LookFigures } from './qa-look.ts'
import type { StreamFigures } from './qa-streams.ts'

export interface Figures {
  readonly streams: StreamFigures
  readonly look: LookFigures & { readonly frames: number }
  /** LUFS; null without sound. */
  readonly loudness: number | null
  /** Largest difference of an overlay to its own pixels. */
  readonly overlayDifference: number
}

interface Wanted {
  readonly format: OutputFormat
  readonly timeline: Timeline
  readonly sound: boolean
}

/** Mean luma is 16 for video black; a night scene has 25 and more. */
const darkestFirst = 17.5
/** A wrong or missing overlay differs by 40 and more, encoding by less than 12. */
const mostOverlayDifference = 32
/** Limiting may make it quieter than asked, which every channel accepts; louder than asked none does. */
const loudnessTolerance = 1.5

/** Below the format's floor: the one fault that a second encoding with filler mends. */
export const belowFloor = ({ streams }: Figures, { video_kbps: kbps }: OutputFormat): boolean =>
  kbps?.min !== undefined && streams.videoKbps < kbps.min

function streamFault({ streams: s }: Figures, { format, timeline }: Wanted): string | undefined {
  if (!s.h264 || !s.yuv420p) return 'The picture is not H.264 in 4:2:0.'
  if (s.width !== format.width || s.height !== format.height)
    return `The picture is ${s.width}×${s.height}, not ${format.width}×${format.height}.`
  if (Math.abs(s.frames - timeline.total) > 1) return `The file has ${s.frames} frames, not ${timeline.total}.`
  if (Math.abs(s.videoSeconds - timeline.totalSeconds) > secondsIn(1.5, timeline.rate))
    return `The file lasts ${s.videoSeconds.toFixed(2)} s, not ${timeline.totalSeconds.toFixed(2)} s.`
  return s.moovFirst ? undefined : 'The index is not at the beginning of the file.'
}

function soundFault({ streams: { audio }, loudness }: Figures, { format, timeline, sound }: Wanted): string | undefined {
  if (!sound) return audio ? 'There is a sound stream that was not asked for.' : undefined
  if (!audio?.aac || audio.rate !== 48_000 || audio.channels !== 2) return 'The sound is not AAC in 48 kHz stereo.'
  if (Math.abs(audio.seconds - timeline.totalSeconds) > 0.05)
    return `The sound lasts ${audio.seconds.toFixed(2)} s, not ${timeline.totalSeconds.toFixed(2)} s.`
  const tooLoud = loudness !== null && loudness > format.loudness_lufs + loudnessTolerance
  return tooLoud ? `The loudness is ${loudness.toFixed(1)} LUFS, above ${format.loudness_lufs}.` : undefined
}

function limitFault(figures: Figures, { format }: Wanted): string | undefined {
  const { bytes, videoKbps } = figures.streams
  if (format.max_megabytes !== null && bytes > format.max_megabytes * 1e6)
    return `The file has ${(bytes / 1e6).toFixed(1)} MB; ${format.id} takes at most ${format.max_megabytes}.`
  if (format.video_kbps?.max && videoKbps > format.video_kbps.max * 1.05)
    return `The picture has ${Math.round(videoKbps)} kbit/s; ${format.id} takes at most ${format.video_kbps.max}.`
  if (belowFloor(figures, format))
    return `The picture has ${Math.round(videoKbps)} kbit/s; ${format.id} wants ${format.video_kbps?.min}.`
  return undefined
}

function pictureFault({ look, overlayDifference }: Figures, { timeline }: Wanted): string | undefined {
  if (Math.abs(look.frames - timeline.total) > 1) return `Only ${look.frames} of ${timeline.total} frames can be decoded.`
  if (look.firstLuma < darkestFirst) return 'The first frame is black.'
  return overlayDifference > mostOverlayDifference ? 'An overlay is not where it should be in the picture.' : undefined
}

/** @returns why the file must not be used, or undefined */
export const judge = (figures: Figures, wanted: Wanted): string | undefined =>
  streamFault(figures, wanted) ?? soundFault(figures, wanted) ?? limitFault(figures, wanted) ?? pictureFault(figures, wanted)

const round = (value: number): number => Math.round(value * 100) / 100

/** Flat, for the API: kept with the rendition and shown. */
export function reportOf({ streams, look, loudness, overlayDifference }: Figures): Record<string, number | string | boolean> {
  return {
    bytes: streams.bytes,
    frames: streams.frames,
    key_frames: streams.keyFrames,
    video_kbps: Math.round(streams.videoKbps),
    first_frame_luma: round(look.firstLuma),
    black_seconds: round(look.blackSeconds),
    frozen_seconds: round(look.frozenSeconds),
    overlay_difference: round(overlayDifference),
    audio: streams.audio !== null,
    ...(loudness === null
      ? {}
      : { silent: !(loudness > silentBelow), ...(Number.isFinite(loudness) ? { loudness_lufs: round(loudness) } : {}) }),
  }
}
