/** How large and how heavy each kind of text is. Sizes are fractions of the frame's shorter side. */
import type { TextStyle } from '#src/contracts/composition.ts'

/** The styles of a template, and the ones that parts of a composition bring along. */
export type TypeStyle = TextStyle | 'button' | 'end_card' | 'label'

interface TypeSize {
  readonly max: number
  /** Smaller than this is worth a finding: the copy is long for the place. */
  readonly preferred: number
  readonly min: number
  /** Lines that look right; more, up to the most, only before the text would fall below its preferred size. */
  readonly lines: number
  readonly maxLines: number
  readonly weight: 400 | 700
  readonly font: 'headline' | 'body'
}

/**
 * At 1080 px: headline 45–104 px, body 34–50 px, legal 22–26 px, button 32–46 px, label 24–28 px. The minima are what is
 * still read on a phone at arm's length; legal text keeps to the 22 px that channels ask for at 1080 px.
 */
export const typeStyles = {
  headline: { max: 0.096, preferred: 0.06, min: 0.042, lines: 3, maxLines: 5, weight: 700, font: 'headline' },
  body: { max: 0.046, preferred: 0.038, min: 0.031, lines: 3, maxLines: 6, weight: 400, font: 'body' },
  legal: { max: 0.0241, preferred: 0.0213, min: 0.0204, lines: 3, maxLines: 6, weight: 400, font: 'body' },
  button: { max: 0.043, preferred: 0.034, min: 0.029, lines: 1, maxLines: 2, weight: 700, font: 'body' },
  end_card: { max: 0.08, preferred: 0.042, min: 0.034, lines: 3, maxLines: 4, weight: 700, font: 'headline' },
  label: { max: 0.026, preferred: 0.022, min: 0.022, lines: 1, maxLines: 1, weight: 700, font: 'body' },
} as const satisfies Record<TypeStyle, TypeSize>

export interface Frame {
  readonly width: number
  readonly height: number
}

export const shorterSide = ({ width, height }: Frame): number => Math.min(width, height)

/** Whole pixels: widths scale exactly with whole sizes, so that one measurement serves every size. */
export function sizesPx(style: TypeStyle, frame: Frame): { max: number; preferred: number; min: number } {
  const { max, preferred, min } = typeStyles[style]
  const px = (fraction: number) => Math.max(8, Math.round(fraction * shorterSide(frame)))
  return { max: px(max), preferred: px(preferred), min: px(min) }
}
