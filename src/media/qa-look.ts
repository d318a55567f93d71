/** Is what was drawn really in the picture? Compares a decoded frame with a layer's own pixels. Pure. */

export interface Rgba {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
}

/** Only pixels that hide the clip completely say anything about the layer. */
const opaque = 250
/** Every n-th pixel in each direction is enough, and 9 times quicker. */
const stride = 3
/** Too few opaque pixels: a thin or translucent layer cannot be judged. */
const enough = 24

const luma = (pixels: Uint8Array, at: number): number =>
  0.2126 * pixels[at]! + 0.7152 * pixels[at + 1]! + 0.0722 * pixels[at + 2]!

const covers = (layer: Rgba, x: number, y: number): boolean =>
  x >= layer.x && y >= layer.y && x < layer.x + layer.width && y < layer.y + layer.height

/**
 * Mean difference of brightness, 0…255, between the frame and the layer where the layer is opaque and nothing lies above.
 * Encoding leaves a few units; a missing layer leaves the difference between it and the clip.
 * @returns undefined when there is nothing to compare
 */
export function differenceInside(frame: Rgba, layer: Rgba, above: readonly Rgba[]): number | undefined {
  let sum = 0
  let count = 0
  for (let row = 0; row < layer.height; row += stride) {
    for (let column = 0; column < layer.width; column += stride) {
      const at = (row * layer.width + column) * 4
      const [x, y] = [layer.x + column, layer.y + row]
      if (layer.rgba[at + 3]! < opaque || !covers(frame, x, y) || above.some((other) => covers(other, x, y))) continue
      sum += Math.abs(luma(layer.rgba, at) - luma(frame.rgba, (y * frame.width + x) * 4))
      count++
    }
  }
  return count < enough ? undefined : sum / count
}

/** Brightness of small grey pictures, in order; `stillness` is the mean change to the one before. */
export interface LookFigures {
  readonly firstLuma: number
  readonly blackSeconds: number
  readonly frozenSeconds: number
}

const blackLuma = 20
/** Mean change of a pixel per frame below which two pictures count as equal; encoding noise is lower. */
const frozenChange = 0.05

const mean = (pixels: Uint8Array): number => pixels.reduce((sum, value) => sum + value, 0) / pixels.length

function change(a: Uint8Array, b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!)
  return sum / a.length
}

/** Fed with every frame of a video as a small grey picture. `result` gives the longest black and frozen stretches. */
export function createLook(frameSeconds: number) {
  let [first, black, longestBlack, frozen, longestFrozen, count] = [0, 0, 0, 0, 0, 0]
  let last: Uint8Array | undefined
  const see = (pixels: Uint8Array): void => {
    const brightness = mean(pixels)
    if (count++ === 0) first = brightness
    black = brightness < blackLuma ? black + 1 : 0
    frozen = last && change(last, pixels) < frozenChange ? frozen + 1 : 0
    longestBlack = Math.max(longestBlack, black)
    longestFrozen = Math.max(longestFrozen, frozen)
    last = pixels
  }
  const result = (): LookFigures & { frames: number } => ({
    frames: count,
    firstLuma: first,
    blackSeconds: longestBlack * frameSeconds,
    frozenSeconds: longestFrozen * frameSeconds,
  })
  return { see, result }
}
