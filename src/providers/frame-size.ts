/** Pixels of a clip from its aspect ratio and resolution: the resolution is the shorter side, as vendors count it. */
const even = (pixels: number): number => Math.round(pixels / 2) * 2

/** @param aspectRatio e.g. "9:16" @param resolution e.g. "1080p" @throws for anything else */
export function frameSize(aspectRatio: string, resolution: string): { width: number; height: number } {
  const [across = 0, down = 0] = aspectRatio.split(':').map(Number)
  const short = Number(/^(\d{2,4})p$/.exec(resolution)?.[1])
  if (!(across > 0) || !(down > 0) || !(short > 0)) throw new Error(`No frame size for ${aspectRatio} at ${resolution}.`)
  const scale = short / Math.min(across, down)
  return { width: even(across * scale), height: even(down * scale) }
}
