/** The motif of everything that is drunk hot. */
import type { SKRSContext2D } from '@napi-rs/canvas'
import { glow } from './storyboard-light.ts'
import type { Palette } from './storyboard-palette.ts'
import type { MotifMaker, Stroke } from './storyboard-shapes.ts'

const turn = Math.PI * 2

/** Ribbons that rise from the cup, sway and thin out. */
function steam({ context, unit, progress }: Stroke, rim: number, light: Palette['light'], phases: readonly number[]): void {
  const steps = 24
  context.lineCap = 'round'
  phases.forEach((phase, index) => {
    const from = (index - (phases.length - 1) / 2) * unit * 0.09
    for (let step = 0; step < steps; step++) {
      const at = (part: number) => ({
        x: from + Math.sin(part * 5 + phase - progress * turn) * unit * 0.035 * (0.3 + part),
        y: rim - unit * 0.03 - part * unit * 0.26,
      })
      const [a, b] = [at(step / steps), at((step + 1) / steps)]
      context.strokeStyle = light(0.34 * Math.sin((Math.PI * (step + 0.5)) / steps))
      context.lineWidth = unit * (0.018 + (0.02 * step) / steps)
      context.beginPath()
      context.moveTo(a.x, a.y)
      context.lineTo(b.x, b.y)
      context.stroke()
    }
  })
}

/** Bowl, handle, and what is in it; the origin is on the saucer. */
function cup(context: SKRSContext2D, size: number, palette: Palette, shine: number): void {
  const [wide, tall] = [size * 0.5, size * 0.62]
  context.lineWidth = size * 0.1
  context.strokeStyle = palette.accent()
  context.beginPath()
  context.ellipse(wide * 0.98, -tall * 0.58, size * 0.17, size * 0.16, 0, 0, turn)
  context.stroke()
  const glaze = context.createLinearGradient(-wide, 0, wide, 0)
  glaze.addColorStop(0, palette.accent())
  glaze.addColorStop(0.25 + 0.2 * shine, palette.light())
  glaze.addColorStop(1, palette.accent())
  context.fillStyle = glaze
  context.beginPath()
  context.moveTo(-wide, -tall)
  context.bezierCurveTo(-wide * 0.98, -tall * 0.2, -wide * 0.6, 0, -wide * 0.35, 0)
  context.lineTo(wide * 0.35, 0)
  context.bezierCurveTo(wide * 0.6, 0, wide * 0.98, -tall * 0.2, wide, -tall)
  context.closePath()
  context.fill()
  ellipse(context, -tall, wide, palette.light())
  ellipse(context, -tall, wide * 0.86, '#3b2415')
}

function ellipse(context: SKRSContext2D, y: number, reach: number, colour: string): void {
  context.fillStyle = colour
  context.beginPath()
  context.ellipse(0, y, reach, reach * 0.24, 0, 0, turn)
  context.fill()
}

/** A steaming cup on a table; the view moves in slowly. */
export const hotCup: MotifMaker = (chance, palette) => {
  const floor = chance.between(0.66, 0.74)
  const x = chance.between(0.42, 0.58)
  const size = chance.between(0.36, 0.44)
  const phases = [0, 1, 2].map(() => chance.between(0, turn))
  return (stroke) => {
    const { context, width, height, unit, progress } = stroke
    const large = Math.min(unit * size, height * 0.3) * (1 + 0.12 * progress)
    context.fillStyle = palette.shape(0.75)
    context.fillRect(0, (floor - 0.06) * height, width, height)
    glow(context, { x: (0.3 + 0.4 * progress) * width, y: floor * height, reach: unit * 0.8 }, palette.light, 0.3)
    context.save()
    context.translate(x * width, floor * height)
    ellipse(context, large * 0.06, large * 0.95, 'rgba(0, 0, 0, 0.28)')
    ellipse(context, 0, large * 0.85, palette.light(0.95))
    ellipse(context, -large * 0.02, large * 0.55, palette.shape(0.3))
    cup(context, large, palette, progress)
    steam({ ...stroke, unit: large * 2 }, -large * 0.62, palette.light, phases)
    context.restore()
  }
}
