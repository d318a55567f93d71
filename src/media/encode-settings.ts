/** What the encoder is told, as data. Sources: design "Output"; the measurements are in README.md. */
import type { OutputFormat } from '#src/contracts/composition.ts'
import { rateOf } from './graph-text.ts'

export interface VideoSettings {
  readonly fps: number
  readonly threads: number
  readonly options: Readonly<Record<string, string>>
}

export const audioKbps = 192
const gopSeconds = 2
/** The encoder takes no less. A limit below fails at the gate, with its reason. */
const leastKbps = 50
/** Muxing and sound take their part of a file's limit. */
const headroom = 0.95

/** Equal SSIM to plain `veryfast` at two thirds of its CPU time (SSIM-matched on two clips). */
const quickSearch = 'partitions=i8x8,i4x4:me=dia'

/** Kilobits per second that the picture may use on average, from the format's ceiling and its file size. */
export function ceilingKbps(format: Pick<OutputFormat, 'video_kbps' | 'max_megabytes'>, seconds: number): number | undefined {
  const bySize = format.max_megabytes === null ? Infinity : (format.max_megabytes * 8000 * headroom) / seconds - audioKbps
  const average = Math.min(format.video_kbps?.max ?? Infinity, bySize)
  // The buffer of one second starts nearly full: a short video may spend it on top of its rate.
  const ceiling = Math.max(leastKbps, (average * seconds) / (seconds + 0.9))
  // Far above anything that crf 20 makes: no reason for a buffer model.
  return ceiling < 60_000 ? Math.floor(ceiling) : undefined
}

function rateControl(format: OutputFormat, seconds: number, filler: boolean): Record<string, string> {
  const ceiling = ceilingKbps(format, seconds)
  const floor = format.video_kbps?.min
  if (format.constant_bitrate || (filler && floor)) {
    const kbps = Math.floor(Math.min(ceiling ?? Infinity, Math.max(format.video_kbps?.target ?? 0, (floor ?? 0) * 1.1)))
    return { b: `${kbps}k`, minrate: `${kbps}k`, maxrate: `${kbps}k`, bufsize: `${kbps}k`, 'nal-hrd': 'cbr' }
  }
  return ceiling ? { crf: '20', maxrate: `${ceiling}k`, bufsize: `${ceiling}k` } : { crf: '20' }
}

/**
 * H.264 High, closed GOPs of two seconds.
 * @param filler pads up to the format's floor: crf gives a quiet picture fewer bits than a channel's minimum
 */
export function videoSettings(
  format: OutputFormat,
  seconds: number,
  options: { threads: number; filler: boolean },
): VideoSettings {
  const gop = Math.round(gopSeconds * format.fps)
  return {
    fps: format.fps,
    threads: options.threads,
    options: {
      preset: 'veryfast',
      profile: 'high',
      g: String(gop),
      keyint_min: String(gop),
      sc_threshold: '0',
      flags: '+cgop',
      'x264-params': quickSearch,
      ...rateControl(format, seconds, options.filler),
    },
  }
}

/** The small muted loop that a list shows under the pointer. */
export const previewSettings = (fps: number): VideoSettings => ({
  fps,
  threads: 1,
  options: { preset: 'veryfast', profile: 'high', crf: '27', g: String(Math.round(2 * fps)), 'x264-params': quickSearch },
})

/** Even sides, the shorter one at most 360. */
export function previewSize({ width, height }: { width: number; height: number }): { width: number; height: number } {
  const scale = Math.min(1, 360 / Math.min(width, height))
  const even = (value: number) => Math.max(2, Math.round((value * scale) / 2) * 2)
  return { width: even(width), height: even(height) }
}

export const encoderRate = (settings: VideoSettings) => rateOf(settings.fps)
