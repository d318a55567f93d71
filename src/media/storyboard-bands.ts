/** Where a storyboard may write: only in the margins that every built-in format keeps free of overlays. Pure. */

export interface Bands {
  /** Heights in pixels of the strips at the upper and lower edge. */
  readonly top: number
  readonly bottom: number
}

/**
 * The narrowest margins of the built-in formats of each shape, as fractions of the height (a test compares them with
 * domain/format/formats.json). A clip is used for the formats of its own shape alone.
 */
const margins = [
  { upTo: 0.6, top: 150 / 1920, bottom: 330 / 1920 },
  { upTo: 0.7, top: 135 / 1500, bottom: 220 / 1500 },
  { upTo: 0.9, top: 54 / 1350, bottom: 54 / 1350 },
  { upTo: Infinity, top: 54 / 1080, bottom: 54 / 1080 },
] as const

export function bandsOf({ width, height }: { width: number; height: number }): Bands {
  const { top, bottom } = margins.find(({ upTo }) => width / height <= upTo) ?? margins[3]
  return { top: Math.floor(top * height), bottom: Math.floor(bottom * height) }
}

export interface Strip {
  readonly y: number
  readonly width: number
  readonly height: number
  readonly fontPx: number
}

const even = (value: number): number => Math.floor(value / 2) * 2

/** One line of writing inside a band, with even numbers for 4:2:0 video. */
function stripIn(from: number, band: number, { width, height }: { width: number; height: number }, place: number): Strip {
  const fontPx = Math.min(band * 0.42, Math.min(width, height) * 0.03)
  const tall = Math.max(2, even(Math.min(band - 2, fontPx * 1.9)))
  const y = Math.ceil((from + (band - tall) * place) / 2) * 2
  return { y, width, height: tall, fontPx }
}

export function stripsOf(size: { width: number; height: number }): { head: Strip; foot: Strip } {
  const { top, bottom } = bandsOf(size)
  return { head: stripIn(0, top, size, 0.5), foot: stripIn(size.height - bottom, bottom, size, 0.4) }
}
