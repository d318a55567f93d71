/** What a layout has to tell: nothing is cut, shrunk or covered silently. Messages carry no text of the overlays: it may be personal. */
import type { Composition, LayoutFinding } from '#src/contracts/composition.ts'
import { endCardIndex } from './layers.ts'
import type { EndCardLayout } from './layout-end-card.ts'
import { collisions, type Placed } from './layout-place.ts'
import type { TextBlock } from './text.ts'

interface Described {
  readonly composition: Composition
  readonly placed: readonly Placed[]
  readonly endCard: EndCardLayout | null
}

export function findingsOf({ composition, placed, endCard }: Described): readonly LayoutFinding[] {
  return [
    ...placed.flatMap(({ item }) => (item.content.kind === 'image' ? [] : textFindings(item.overlay, item.content.block))),
    ...(endCard ? textFindings(endCardIndex, endCard.block) : []),
    ...buttonFindings(composition),
    ...collisions(placed).map(([a, b]) => collision(a, b)),
  ]
}

function textFindings(overlay: number, block: TextBlock): LayoutFinding[] {
  const findings: LayoutFinding[] = []
  if (block.overflow) findings.push({ overlay, code: 'text_overflow', message: overflowMessage(block) })
  else if (block.shrunk) findings.push({ overlay, code: 'text_shrunk', message: shrunkMessage(block) })
  if (block.missing !== '') findings.push({ overlay, code: 'glyph_missing', message: missingMessage(block.missing) })
  return findings
}

const overflowMessage = ({ sizePx }: TextBlock): string =>
  `The text does not fit even at ${sizePx} px and is cut; shorten it or give it more room.`

const shrunkMessage = ({ sizePx, preferredPx }: TextBlock): string =>
  `The text is set at ${sizePx} px, smaller than the ${preferredPx} px that read well; a shorter one would be larger.`

const listed = 8

function missingMessage(missing: string): string {
  const characters = Array.from(missing)
  const named = characters.slice(0, listed).map((character) => `${character} (U+${hex(character)})`)
  const more = characters.length > listed ? ` and ${characters.length - listed} more` : ''
  return `No font has ${named.join(', ')}${more}; left out. Change the text or upload a brand font that has them.`
}

const hex = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')

const buttonFindings = ({ overlays, format }: Composition): LayoutFinding[] =>
  overlays.flatMap(({ kind }, overlay) =>
    kind === 'button' && !format.button_allowed
      ? [{ overlay, code: 'button_not_allowed', message: `${format.id} forbids buttons; its copy is set as plain text.` }]
      : [],
  )

/** Told of the one with an offset, for that is what to change; else of the later one. The label is never at fault. */
function collision(a: Placed, b: Placed): LayoutFinding {
  const moved = ({ item }: Placed) => item.shift.x !== 0 || item.shift.y !== 0
  const [culprit, other] = b.item.overlay < 0 || (moved(a) && !moved(b)) ? [a, b] : [b, a]
  const name = other.item.overlay < 0 ? 'the AI label' : `overlay ${other.item.overlay}`
  const advice = moved(culprit) ? 'Change its offset or its times.' : 'Change its anchor or its times, or use fewer overlays.'
  return { overlay: culprit.item.overlay, code: 'overlays_collide', message: `Collides with ${name}. ${advice}` }
}
