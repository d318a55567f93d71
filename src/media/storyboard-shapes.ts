/** Motifs of single shapes. */
import type { SKRSContext2D } from '@napi-rs/canvas'
import type { Chance } from './storyboard-chance.ts'
import { ball, glow } from './storyboard-light.ts'
import type { Palette } from './storyboard-palette.ts'

export interface Stroke {
  readonly context: SKRSContext2D
  readonly width: number
  readonly height: number
  /** The shorter side. */
  readonly unit: number
  readonly progress: number
}
export type MotifMaker = (chance: Chance, palette: Palette) => (stroke: Stroke) => void

const turn = Math.PI * 2

/** Several of a kind, from far (depth near 0) to near (1). */
export const inDepth = <T>(count: number, make: (depth: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make((index + 1) / count))

/** Balls of glass that drift up, the far ones pale. */
export const orbs: MotifMaker = (chance, palette) => {
  const all = inDepth(chance.whole(6, 11), (depth) => ({
    depth,
    x: chance.next(),
    y: chance.next(),
    size: chance.between(0.05, 0.13) * (1 + 1.6 * depth),
    sway: chance.between(0, turn),
    bright: chance.next() < 0.4,
  }))
  return ({ context, width, height, unit, progress }) => {
    for (const { depth, x, y, size, sway, bright } of all) {
      const left = (x + Math.sin(progress * 3 + sway) * 0.05) * width
      const top = (y - progress * 0.28 * depth) * height
      ball(
        context,
        left,
        top,
        size * unit,
        palette.light(0.35 + 0.5 * depth),
        bright ? palette.accent(0.45 + 0.5 * depth) : palette.shape(depth * 0.7, 0.45 + 0.5 * depth),
      )
    }
  }
}

/** Turning rays behind a disc, rings around it. */
export const rays: MotifMaker = (chance, palette) => {
  const centre = { x: chance.between(0.3, 0.7), y: chance.between(0.52, 0.66) }
  const count = chance.whole(7, 16)
  const size = chance.between(0.14, 0.26)
  const rings = chance.whole(1, 3)
  const speed = chance.between(0.1, 0.3) * chance.pick([1, -1])
  return ({ context, width, height, unit, progress }) => {
    const [x, y, reach] = [centre.x * width, centre.y * height, Math.hypot(width, height)]
    context.fillStyle = palette.shape(0.35, 0.55)
    for (let index = 0; index < count; index++) {
      const angle = (index / count + progress * speed * 0.3) * turn
      context.beginPath()
      context.moveTo(x, y)
      context.arc(x, y, reach, angle, angle + turn / count / 2)
      context.fill()
    }
    context.lineWidth = unit * 0.018
    for (let ring = 1; ring <= rings; ring++) {
      context.strokeStyle = palette.light(0.55 - ring * 0.1)
      context.beginPath()
      context.arc(x, y, unit * (size + ring * 0.08 + 0.02 * Math.sin(progress * 6 + ring)), 0, turn)
      context.stroke()
    }
    ball(context, x, y, unit * size, palette.light(1), palette.accent(1))
  }
}

type Product = (context: SKRSContext2D, size: number) => void

const products = {
  bottle: (c: SKRSContext2D, s: number) => {
    c.roundRect(-s * 0.2, -s * 0.72, s * 0.4, s * 0.72, s * 0.1)
    c.roundRect(-s * 0.07, -s * 1.0, s * 0.14, s * 0.34, s * 0.03)
  },
  box: (c: SKRSContext2D, s: number) => c.roundRect(-s * 0.36, -s * 0.6, s * 0.72, s * 0.6, s * 0.05),
  jar: (c: SKRSContext2D, s: number) => {
    c.roundRect(-s * 0.32, -s * 0.46, s * 0.64, s * 0.46, s * 0.14)
    c.roundRect(-s * 0.3, -s * 0.58, s * 0.6, s * 0.13, s * 0.04)
  },
  phone: (c: SKRSContext2D, s: number) => c.roundRect(-s * 0.24, -s * 0.95, s * 0.48, s * 0.95, s * 0.08),
} as const satisfies Record<string, Product>

/** Above this place of the height the picture belongs to the copy. */
const highest = 0.36

/** A product on a plinth, a light that wanders over it. */
export const stage: MotifMaker = (chance, palette) => {
  const product = chance.pick<Product>([products.bottle, products.box, products.jar, products.phone])
  const floor = chance.between(0.6, 0.76)
  const size = chance.between(0.5, 0.72)
  const x = chance.between(0.38, 0.62)
  return ({ context, width, height, unit, progress }) => {
    context.fillStyle = palette.shape(0.75)
    context.fillRect(0, floor * height, width, height)
    glow(context, { x: (0.2 + 0.6 * progress) * width, y: floor * height * 0.5, reach: unit * 0.9 }, palette.light, 0.5)
    context.save()
    context.translate(x * width, floor * height)
    context.fillStyle = palette.shape(0.45)
    context.beginPath()
    context.ellipse(0, unit * 0.1, unit * 0.42, unit * 0.1, 0, 0, turn)
    context.fill()
    context.fillStyle = 'rgba(0, 0, 0, 0.25)'
    context.beginPath()
    context.ellipse((0.5 - progress) * unit * 0.3, unit * 0.09, unit * size * 0.42, unit * 0.045, 0, 0, turn)
    context.fill()
    context.translate(0, unit * (0.09 - 0.02 * Math.sin(progress * turn)))
    const shine = context.createLinearGradient(-unit * 0.3 + progress * unit * 0.4, 0, unit * 0.35, 0)
    shine.addColorStop(0, palette.accent(1))
    shine.addColorStop(0.35, palette.light(1))
    shine.addColorStop(1, palette.accent(1))
    context.fillStyle = shine
    context.beginPath()
    product(context, Math.min(unit * size, height * (floor - highest)))
    context.fill()
    context.restore()
  }
}

/** A field of rounded tiles that rise and sink in a wave. */
export const tiles: MotifMaker = (chance, palette) => {
  const across = chance.whole(4, 7)
  const slant = chance.between(-0.5, 0.5)
  const [fx, fy] = [chance.between(0.4, 1.1), chance.between(0.4, 1.1)]
  return ({ context, width, height, progress }) => {
    const cell = width / across
    context.save()
    context.translate(width / 2, height / 2)
    context.rotate(slant)
    const reach = Math.ceil(Math.hypot(width, height) / cell / 2) + 1
    for (let row = -reach; row <= reach; row++) {
      for (let column = -reach; column <= reach; column++) {
        const level = 0.5 + 0.5 * Math.sin(column * fx + row * fy + progress * turn)
        const side = cell * (0.45 + 0.45 * level)
        context.fillStyle = level > 0.93 ? palette.accent(0.9) : palette.shape(level, 0.4 + 0.5 * level)
        context.beginPath()
        context.roundRect(column * cell - side / 2, row * cell - side / 2, side, side, side * 0.2)
        context.fill()
      }
    }
    context.restore()
  }
}

/** Petals, leaves or confetti that fall and turn. */
export const petals: MotifMaker = (chance, palette) => {
  const long = chance.between(1.3, 3)
  const all = inDepth(chance.whole(26, 44), (depth) => ({
    depth,
    x: chance.next(),
    y: chance.next(),
    angle: chance.between(0, turn),
    spin: chance.between(-3, 3),
    bright: chance.next() < 0.3,
  }))
  const drift = chance.between(-0.25, 0.25)
  return ({ context, width, height, unit, progress }) => {
    for (const { depth, x, y, angle, spin, bright } of all) {
      const size = unit * (0.025 + 0.05 * depth)
      context.save()
      context.translate(
        ((((x + drift * progress * depth) % 1.2) + 1.2) % 1.2) * width - 0.1 * width,
        ((y + progress * 0.5 * depth) % 1.15) * height - 0.07 * height,
      )
      context.rotate(angle + spin * progress)
      context.fillStyle = bright ? palette.accent(0.9) : palette.shape(depth, 0.85)
      context.beginPath()
      context.ellipse(0, 0, size * long * 0.6, size * 0.6, 0, 0, turn)
      context.fill()
      context.restore()
    }
  }
}
