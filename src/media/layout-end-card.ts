/** The end card: a logo above a text, in the middle of the frame as far as the safe zone allows, below the label's strip. */
import { bottom, clamp, gapOf, type Rect } from './layout-geometry.ts'
import { fitInside, type Scene } from './layout-items.ts'
import type { Placed } from './layout-place.ts'
import { typeStyles } from './text-style.ts'
import { fitText, type TextBlock } from './text.ts'

export interface EndCardLayout {
  readonly block: TextBlock
  /** Where the text goes; null when there is none to draw. */
  readonly text: Rect | null
  readonly logo: { readonly image: string; readonly box: Rect } | null
}

export function layoutEndCard(scene: Scene, label: Placed | undefined): EndCardLayout | null {
  const { endCard } = scene.composition
  if (!endCard) return null
  const area = areaOf(scene, label)
  const logo = endCard.logo === null ? null : { image: endCard.logo, ...logoSize(scene, area) }
  const gap = logo ? Math.round(gapOf(scene.composition.format) * 2) : 0
  const block = fitEndText(scene, area, area.height - (logo?.height ?? 0) - gap)
  return stack({ scene, area, logo, block, gap })
}

/** As wide to the left as to the right: a card looks lopsided off the middle of the frame. */
function areaOf({ safe, composition: { format } }: Scene, label: Placed | undefined): Rect {
  const inset = Math.max(safe.x, format.width - safe.x - safe.width)
  const y = label ? bottom(label.box) + gapOf(format) : safe.y
  return { x: inset, y, width: Math.max(2, format.width - 2 * inset), height: Math.max(2, bottom(safe) - y) }
}

function logoSize({ composition, images }: Scene, area: Rect): { width: number; height: number } {
  const shape = images.get(composition.endCard?.logo ?? '') ?? { width: 1, height: 1 }
  return fitInside(shape, { width: area.width * 0.56, height: area.height * 0.26 })
}

function fitEndText({ composition }: Scene, area: Rect, height: number): TextBlock {
  const { format, locale, brand, endCard } = composition
  return fitText({
    text: endCard?.text ?? '',
    style: 'end_card',
    locale,
    frame: format,
    fontFamily: brand.fonts[typeStyles.end_card.font],
    maxWidth: area.width,
    maxHeight: Math.max(2, Math.min(height, area.height * 0.6)),
  })
}

interface Parts {
  readonly scene: Scene
  readonly area: Rect
  readonly logo: { readonly image: string; readonly width: number; readonly height: number } | null
  readonly block: TextBlock
  readonly gap: number
}

function stack({ scene, area, logo, block, gap }: Parts): EndCardLayout {
  const total = (logo ? logo.height : 0) + (logo && block.height > 0 ? gap : 0) + block.height
  const middle = Math.floor((scene.composition.format.height - total) / 2)
  const y = clamp(middle, area.y, Math.max(area.y, bottom(area) - total))
  const centered = (size: { width: number; height: number }, top: number): Rect => ({
    x: area.x + Math.floor((area.width - size.width) / 2),
    y: top,
    width: size.width,
    height: size.height,
  })
  return {
    logo: logo && { image: logo.image, box: centered(logo, y) },
    text: block.lines.length === 0 ? null : centered(block, y + total - block.height),
    block,
  }
}
