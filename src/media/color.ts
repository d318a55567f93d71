/** Colours of a brand: parsing, and which of them can be read on which (WCAG 2.2 contrast). */

export interface Rgb {
  readonly r: number
  readonly g: number
  readonly b: number
}

const white: Rgb = { r: 255, g: 255, b: 255 }
const nearBlack: Rgb = { r: 17, g: 17, b: 17 }

/** "#rgb", "#rrggbb" or "#rrggbbaa" (alpha is dropped); undefined for anything else. */
export function parseColor(text: string): Rgb | undefined {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(text.trim())?.[1]
  if (hex === undefined) return undefined
  const full =
    hex.length === 3
      ? Array.from(hex)
          .map((digit) => digit + digit)
          .join('')
      : hex
  const part = (at: number) => Number.parseInt(full.slice(at, at + 2), 16)
  return { r: part(0), g: part(2), b: part(4) }
}

export const colorOr = (text: string, otherwise: Rgb): Rgb => parseColor(text) ?? otherwise

export const css = ({ r, g, b }: Rgb, alpha = 1): string => `rgba(${r}, ${g}, ${b}, ${alpha})`

/** Relative luminance, 0 to 1. */
export function luminance({ r, g, b }: Rgb): number {
  const linear = (part: number) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/** Contrast ratio, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** Large bold text needs 3:1 by WCAG; the brand's own colour is kept from there on. */
const enoughForLargeText = 3

/** The wanted colour where it can be read on the ground, else white or near-black, whichever reads better. */
export function readableOn(ground: Rgb, wanted: Rgb): Rgb {
  if (contrast(ground, wanted) >= enoughForLargeText) return wanted
  return contrast(ground, white) >= contrast(ground, nearBlack) ? white : nearBlack
}

/** What a halo behind text must be: dark behind light text, light behind dark text. */
export const haloFor = (text: Rgb): Rgb => (luminance(text) > 0.3 ? { r: 0, g: 0, b: 0 } : white)
