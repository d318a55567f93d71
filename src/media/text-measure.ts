/** Widths and ink of a text, measured once at a reference size: with whole sizes they scale exactly (checked by a test). */
import { createCanvas } from '@napi-rs/canvas'
import type { ResolvedFont } from './fonts.ts'
import type { Direction } from './text-script.ts'

export interface TypeSetting {
  readonly font: ResolvedFont
  /** BCP 47: decides the shape of Han characters and Arabic digits. */
  readonly lang: string
  readonly direction: Direction
}

/** In units of the font size. */
export interface Measured {
  readonly advance: number
  readonly ascent: number
  readonly descent: number
  /** Ink left of the start and right of the advance, where a glyph overhangs. */
  readonly overhang: number
}

const referencePx = 100
const keptMeasurements = 50_000

const context = createCanvas(8, 8).getContext('2d')
const measurements = new Map<string, Measured>()

/** Words recur from text to text (only names and prices differ), so they are kept. */
export function measure(text: string, setting: TypeSetting): Measured {
  const font = setting.font.css(referencePx)
  const key = `${setting.lang}\n${setting.direction}\n${font}\n${text}`
  const known = measurements.get(key)
  if (known) return known
  const measured = measureNow(text, font, setting)
  if (measurements.size >= keptMeasurements) measurements.clear()
  measurements.set(key, measured)
  return measured
}

function measureNow(text: string, font: string, { lang, direction }: TypeSetting): Measured {
  context.font = font
  context.lang = lang
  context.direction = direction
  context.textAlign = 'left'
  const metrics = context.measureText(text)
  const overhang = Math.max(0, metrics.actualBoundingBoxLeft, metrics.actualBoundingBoxRight - metrics.width)
  return Object.freeze({
    advance: metrics.width / referencePx,
    ascent: metrics.actualBoundingBoxAscent / referencePx,
    descent: metrics.actualBoundingBoxDescent / referencePx,
    overhang: overhang / referencePx,
  })
}
