/** Colours of a storyboard: sets that go together, mixed from far to near. */
import { type Rgb, css, parseColor } from './color.ts'
import type { Chance } from './storyboard-chance.ts'

export interface Palette {
  /** Sky or wall, from top to bottom. */
  readonly ground: readonly string[]
  /** Shape at depth 0 (far, close to the ground's colour) … 1 (near, strong). */
  readonly shape: (depth: number, alpha?: number) => string
  readonly accent: (alpha?: number) => string
  readonly light: (alpha?: number) => string
  /** The near colour, darkened: shadow of this picture and no other's. */
  readonly shadow: (alpha?: number) => string
}

/** ground from top to bottom, then far, near, accent, light */
const sets = [
  ['#3b2c5a', '#c8577a', '#ffb27a', '#8a4b7d', '#2a1b3d', '#ffd166', '#fff1d6'],
  ['#0b3954', '#1f7a8c', '#bfdbf7', '#5fa8d3', '#0b2545', '#ff9f1c', '#f1faff'],
  ['#dcedc8', '#a3c9a8', '#f3f7e9', '#84b59f', '#1f4037', '#f4845f', '#fffbe6'],
  ['#ffe5d9', '#ffcad4', '#f4acb7', '#e29578', '#6d4c5b', '#006d77', '#ffffff'],
  ['#0d1b2a', '#1b263b', '#415a77', '#3d5a80', '#0a1320', '#ffba08', '#e0fbfc'],
  ['#e8fff4', '#b8f2e6', '#aed9e0', '#8ac6d0', '#28536b', '#ff6b6b', '#ffffff'],
  ['#f8edeb', '#fec89a', '#f8ad9d', '#e07a5f', '#5f2a2a', '#3d5a80', '#fff8ef'],
  ['#240046', '#5a189a', '#c77dff', '#9d4edd', '#10002b', '#ff9e00', '#ffe8ff'],
  ['#fefae0', '#faedcd', '#e9c46a', '#d4a373', '#5a3e2b', '#2a9d8f', '#fffdf3'],
  ['#02231c', '#0b5345', '#45b69c', '#1f8a70', '#021a15', '#f9c74f', '#eafff5'],
  ['#2d0a31', '#7b1e7a', '#f06595', '#b5179e', '#1d0420', '#4cc9f0', '#ffe5f1'],
  ['#4895ef', '#90caf9', '#e3f2fd', '#7fb3e6', '#1d3557', '#f94144', '#ffffff'],
  ['#fff3b0', '#ffd166', '#f79d65', '#f4845f', '#7f2d2d', '#2d6a4f', '#fffbe8'],
  ['#2b2d42', '#5c6784', '#a9b4c2', '#6b7a99', '#1b1c2b', '#ef233c', '#edf2f4'],
] as const

const ink: Rgb = { r: 8, g: 9, b: 14 }

type Colours = (typeof sets)[number]

const rgb = (text: string): Rgb => parseColor(text) ?? { r: 0, g: 0, b: 0 }

function mix(a: Rgb, b: Rgb, part: number): Rgb {
  const one = (x: number, y: number) => Math.round(x + (y - x) * part)
  return { r: one(a.r, b.r), g: one(a.g, b.g), b: one(a.b, b.b) }
}

export function paletteOf(chance: Chance): Palette {
  const [top, middle, low, far, near, accent, light] = chance.pick<Colours>(sets)
  const [from, to, strong, bright] = [rgb(far), rgb(near), rgb(accent), rgb(light)]
  return {
    ground: [top, middle, low],
    shape: (depth, alpha) => css(mix(from, to, depth), alpha),
    accent: (alpha) => css(strong, alpha),
    light: (alpha) => css(bright, alpha),
    shadow: (alpha) => css(mix(to, ink, 0.55), alpha),
  }
}
