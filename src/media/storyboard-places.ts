/** Motifs with depth: layers that move past each other, the far ones slowly. */
import type { Chance } from './storyboard-chance.ts'
import type { Palette } from './storyboard-palette.ts'
import { ball } from './storyboard-light.ts'
import type { MotifMaker, Stroke } from './storyboard-shapes.ts'

const wave = (x: number, a: number, b: number, phase: number): number =>
  Math.sin(x * a + phase) * 0.65 + Math.sin(x * b + phase * 1.7) * 0.35

/** The outline of a layer from left to right, filled down to the lower edge. */
function ridge({ context, width, height }: Stroke, at: (x: number) => number): void {
  const steps = 48
  context.beginPath()
  context.moveTo(0, height)
  for (let step = 0; step <= steps; step++) context.lineTo((step / steps) * width, at(step / steps) * height)
  context.lineTo(width, height)
  context.closePath()
  context.fill()
}

/** A sun or moon over four ridges. */
export const hills: MotifMaker = (chance, palette) => {
  const horizon = chance.between(0.5, 0.68)
  const layers = Array.from({ length: 4 }, (_, index) => ({
    depth: (index + 1) / 4,
    a: chance.between(3, 7),
    b: chance.between(8, 15),
    phase: chance.between(0, 6),
    rise: chance.between(0.05, 0.12),
  }))
  const sun = { x: chance.between(0.2, 0.8), size: chance.between(0.1, 0.2), y: horizon - chance.between(0.06, 0.16) }
  const direction = chance.pick([1, -1])
  return (stroke) => {
    const { context, width, height, unit, progress } = stroke
    ball(context, sun.x * width, (sun.y + 0.05 * progress) * height, sun.size * unit, palette.light(0.95), palette.accent(0.9))
    for (const { depth, a, b, phase, rise } of layers) {
      context.fillStyle = palette.shape(depth)
      const shift = direction * progress * depth * 1.6
      ridge(stroke, (x) => horizon + (depth - 0.25) * 0.42 + wave(x, a, b, phase + shift) * rise * (1.2 - depth / 2))
    }
  }
}

/** Ribbons of cloth or water from edge to edge. */
export const waves: MotifMaker = (chance, palette) => {
  const ribbons = Array.from({ length: chance.whole(4, 7) }, (_, index) => ({
    place: 0.2 + index * chance.between(0.1, 0.14),
    a: chance.between(2, 6),
    b: chance.between(5, 10),
    phase: chance.between(0, 6),
    swing: chance.between(0.05, 0.15),
    speed: chance.between(1.2, 3) * chance.pick([1, -1]),
  }))
  return (stroke) => {
    ribbons.forEach(({ place, a, b, phase, swing, speed }, index) => {
      stroke.context.fillStyle = index % 3 === 1 ? palette.accent(0.5) : palette.shape((index + 1) / ribbons.length, 0.72)
      ridge(stroke, (x) => place + wave(x, a, b, phase + stroke.progress * speed) * swing)
    })
  }
}

interface House {
  readonly x: number
  readonly width: number
  readonly height: number
  readonly windows: readonly boolean[]
}

function street(chance: Chance, tallest: number): readonly House[] {
  const houses: House[] = []
  for (let x = -0.3; x < 1.4;) {
    const width = chance.between(0.08, 0.18)
    const windows = Array.from({ length: 24 }, () => chance.next() < 0.4)
    houses.push({ x, width, height: chance.between(0.35, 1) * tallest, windows })
    x += width + chance.between(0, 0.02)
  }
  return houses
}

function house({ context, width, height, unit }: Stroke, { x, ...size }: House, lit: string): void {
  const [left, top] = [x * width, (1 - size.height) * height]
  context.fillRect(left, top, size.width * width, size.height * height)
  context.fillStyle = lit
  const pane = (size.width * width) / 7
  size.windows.forEach((isLit, index) => {
    if (isLit)
      context.fillRect(left + pane * (1 + 2 * (index % 3)), top + unit * 0.04 + pane * 1.7 * Math.floor(index / 3), pane, pane)
  })
}

/** Three streets under a moon, windows lit. */
export const city: MotifMaker = (chance: Chance, palette: Palette) => {
  const streets = [0.3, 0.65, 1].map((depth) => ({ depth, houses: street(chance, 0.72 - depth * 0.26) }))
  const moon = { x: chance.between(0.2, 0.8), y: chance.between(0.36, 0.46), size: chance.between(0.07, 0.13) }
  const direction = chance.pick([1, -1])
  return (stroke) => {
    const { context, width, height, unit, progress } = stroke
    ball(context, moon.x * width, moon.y * height, moon.size * unit, palette.light(1), palette.light(0.75))
    for (const { depth, houses } of streets) {
      for (const one of houses) {
        context.fillStyle = palette.shape(depth)
        house(stroke, { ...one, x: one.x + direction * (progress - 0.5) * depth * 0.22 }, palette.accent(0.25 + 0.5 * depth))
      }
    }
  }
}
