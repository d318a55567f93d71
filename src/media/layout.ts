/** Where everything of a composition goes, and what there is to say about it. Measuring and drawing share this. */
import type { Composition, LayoutFinding } from '#src/contracts/composition.ts'
import { labelIndex } from './layers.ts'
import { type EndCardLayout, layoutEndCard } from './layout-end-card.ts'
import { findingsOf } from './layout-findings.ts'
import { clampInto } from './layout-geometry.ts'
import { type ImageSizes, type Item, labelItem, overlayItems, sceneOf, type Scene, type Squeeze } from './layout-items.ts'
import { isSound, place, type Placed } from './layout-place.ts'

export interface Layout {
  /** Overlays in template order, then the label. Every box is inside the safe zone. */
  readonly placed: readonly Placed[]
  readonly endCard: EndCardLayout | null
  readonly findings: readonly LayoutFinding[]
}

/**
 * Overlays never overlap and never leave the safe zone. Where they have no room, texts and images shrink together, down
 * to the styles' smallest sizes; then lines are cut and flagged. Only offsets, or more overlays than there is room for,
 * make them collide, and that is a finding.
 * @param images sizes by sha256; an unknown image counts as square
 */
export function layout(composition: Composition, images: ImageSizes): Layout {
  const scene = sceneOf(composition, images)
  const label = labelItem(scene)
  const arranged = arrange(scene, label ? [label] : [])
  const placed = inTemplateOrder(arranged).map((item) => shifted(item, scene))
  const endCard = layoutEndCard(
    scene,
    placed.find(({ item }) => item.overlay === labelIndex),
  )
  return { placed, endCard, findings: findingsOf({ composition, placed, endCard }) }
}

const inTemplateOrder = (placed: readonly Placed[]): readonly Placed[] => {
  const rank = ({ item }: Placed) => (item.overlay === labelIndex ? Infinity : item.overlay)
  return placed.toSorted((a, b) => rank(a) - rank(b))
}

const steps = 8

function arrange(scene: Scene, label: readonly Item[]): readonly Placed[] {
  const attempt = (squeeze: Squeeze) => place([...label, ...overlayItems(scene, squeeze)], scene)
  const atQuality = (step: number) => attempt({ quality: step / steps, maxLines: new Map() })
  const full = atQuality(steps)
  if (isSound(full, scene)) return full
  return largestSound(atQuality, scene) ?? cut(attempt, scene)
}

/** Binary search for the best quality that leaves room for everything. */
function largestSound(attempt: (step: number) => readonly Placed[], scene: Scene): readonly Placed[] | undefined {
  let best: readonly Placed[] | undefined
  let [low, high] = [0, steps - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const placed = attempt(middle)
    const sound = isSound(placed, scene)
    if (sound) best = placed
    if (sound) low = middle + 1
    else high = middle - 1
  }
  return best
}

/** Takes a line from the longest text until there is room; fitText flags what it cuts. */
function cut(attempt: (squeeze: Squeeze) => readonly Placed[], scene: Scene): readonly Placed[] {
  const maxLines = new Map<number, number>()
  let placed = attempt({ quality: 0, maxLines })
  while (!isSound(placed, scene)) {
    const longest = placed.toSorted((a, b) => linesOf(b) - linesOf(a))[0]
    if (!longest || linesOf(longest) < 2) return placed
    maxLines.set(longest.item.overlay, linesOf(longest) - 1)
    placed = attempt({ quality: 0, maxLines })
  }
  return placed
}

const linesOf = ({ item: { content } }: Placed): number => (content.kind === 'image' ? 0 : content.block.lines.length)

/** Offsets last; what has no room elsewhere is still kept inside the safe zone. */
function shifted({ item, box }: Placed, { safe }: Scene): Placed {
  return { item, box: clampInto(safe, { ...box, x: box.x + item.shift.x, y: box.y + item.shift.y }) }
}
