/** Grounds and light of a storyboard. */
import type { SKRSContext2D } from '@napi-rs/canvas'
import type { Palette } from './storyboard-palette.ts'

/** Fills the unit square. */
export function backdrop(context: SKRSContext2D, { ground }: Palette): void {
  const sky = context.createLinearGradient(0.2, 0, 0, 1)
  for (const [index, colour] of ground.entries()) sky.addColorStop(index / (ground.length - 1), colour)
  context.fillStyle = sky
  context.fillRect(0, 0, 1, 1)
}

/** A soft round light that only ever brightens. */
export function glow(
  context: SKRSContext2D,
  { x, y, reach }: { x: number; y: number; reach: number },
  colour: (alpha: number) => string,
  strength: number,
): void {
  const light = context.createRadialGradient(x, y, 0, x, y, reach)
  light.addColorStop(0, colour(strength))
  light.addColorStop(0.4, colour(strength * 0.35))
  light.addColorStop(1, colour(0))
  context.fillStyle = light
  context.fillRect(x - reach, y - reach, 2 * reach, 2 * reach)
}

/**
 * Copy space: the upper half, where most headlines stand, lies in the palette's own shadow, and a little of the lower
 * edge. Light letters are read on every storyboard, and the scene keeps its colours in the middle.
 * @param strength 0 … 1; strong on the ground, weak over the shapes, which keep their colours
 */
export function copySpace(
  context: SKRSContext2D,
  { width, height }: { width: number; height: number },
  shadow: (alpha: number) => string,
  strength: number,
): void {
  const shade = context.createLinearGradient(0, 0, 0, height)
  for (const [place, alpha] of copyShade) shade.addColorStop(place, shadow(alpha * strength))
  context.fillStyle = shade
  context.fillRect(0, 0, width, height)
}

const copyShade = [
  [0, 1],
  [0.3, 0.92],
  [0.48, 0.4],
  [0.62, 0],
  [0.78, 0],
  [1, 0.6],
] as const

export function vignette(context: SKRSContext2D, width: number, height: number): void {
  const reach = Math.hypot(width, height) / 2
  const shade = context.createRadialGradient(width / 2, height / 2, reach * 0.55, width / 2, height / 2, reach)
  shade.addColorStop(0, 'rgba(0, 0, 0, 0)')
  shade.addColorStop(1, 'rgba(0, 0, 0, 0.28)')
  context.fillStyle = shade
  context.fillRect(0, 0, width, height)
}

/** A ball with light from the upper left and a soft shadow side. */
export function ball(context: SKRSContext2D, x: number, y: number, radius: number, near: string, far: string): void {
  const shading = context.createRadialGradient(x - radius * 0.35, y - radius * 0.4, radius * 0.1, x, y, radius)
  shading.addColorStop(0, near)
  shading.addColorStop(1, far)
  context.fillStyle = shading
  context.beginPath()
  context.arc(x, y, radius, 0, Math.PI * 2)
  context.fill()
}
