/** Words of FFmpeg's filter language: escaping, exact rates, names of the places where pictures enter and leave. */

export interface Rate {
  readonly num: number
  readonly den: number
}

/**
 * A value inside a filter's options inside a graph: each of the two parsers takes off one layer of escapes.
 * Source: "Notes on filtergraph escaping" of FFmpeg's manual.
 */
export const escapeValue = (value: string): string =>
  value.replace(/[\\':]/g, String.raw`\$&`).replace(/[\\'[\],;]/g, String.raw`\$&`)

/** The broadcast rates are fractions: 29.97 is 30000/1001. Written as a decimal, a long file drifts by frames. */
export function rateOf(fps: number): Rate {
  const whole = Math.round(fps)
  if (Math.abs(fps - whole) < 0.001) return { num: whole, den: 1 }
  if (Math.abs(fps - (whole * 1000) / 1001) < 0.005) return { num: whole * 1000, den: 1001 }
  return { num: Math.round(fps * 1000), den: 1000 }
}

export const rateText = ({ num, den }: Rate): string => `${num}/${den}`
export const framesIn = (seconds: number, { num, den }: Rate): number => Math.round((seconds * num) / den)
export const secondsIn = (frames: number, { num, den }: Rate): number => (frames * den) / num

/** Plain decimals, never an exponent, which FFmpeg's expressions read as something else. */
export const decimal = (value: number): string => String(Number(value.toFixed(6)))

/** A place where one raw RGBA picture is put into a graph (see graph-run.ts). */
export const pictureSource = (name: string, size: { width: number; height: number }, rate: Rate): string =>
  `buffer@${name}=video_size=${size.width}x${size.height}:pix_fmt=rgba:time_base=${rate.den}/${rate.num}:frame_rate=${rateText(rate)}`

/** The loop filter derives the time of its repeats from the frame rate: without one it repeats at one instant, for ever. */
export const held = (frames: number): string => `loop=loop=-1:size=1,trim=end_frame=${frames}`

export const toBt709 = 'out_color_matrix=bt709:out_range=tv'
