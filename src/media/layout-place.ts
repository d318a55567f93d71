/**
 * Places for items so that what is seen at the same time never overlaps: corner items (logos, the AI label) sit in strips along
 * the safe zone's upper and lower edge, everything else stacks inward from there. Items at different times share a place.
 */
import { bottom, clamp, contains, gapOf, type Horizontal, intersects, type Rect, right, simultaneous } from './layout-geometry.ts'
import type { Item, Scene } from './layout-items.ts'

export interface Placed {
  readonly item: Item
  readonly box: Rect
}

/** Corner images and the label go into the strips; text and buttons in a corner stack at their side of it. */
const isCornerItem = ({ place, content }: Item): boolean =>
  place.vertical !== 'center' && place.horizontal !== 'center' && (content.kind === 'image' || content.kind === 'label')

/** Places every item; whether they all have room is for `isSound` to say. The label comes first and so gets its corner. */
export function place(items: readonly Item[], scene: Scene): readonly Placed[] {
  const corners = cornerStrips(items.filter(isCornerItem), scene)
  const stacked = items.filter((item) => !isCornerItem(item))
  const at = (vertical: string) => stacked.filter((item) => item.place.vertical === vertical)
  const edges = atBottom(at('bottom'), atTop(at('top'), corners, scene), scene)
  return inCenter(at('center'), edges, scene)
}

/** Inside the safe zone, and nothing over anything that is seen at the same time. */
export const isSound = (placed: readonly Placed[], { safe }: Scene): boolean =>
  placed.every(({ box }) => contains(safe, box)) && collisions(placed).length === 0

/** An item without a size (an empty text) neither takes room nor collides. */
const isSeen = ({ item }: Placed): boolean => item.width > 0 && item.height > 0

const collide = (a: Placed, b: Placed): boolean =>
  isSeen(a) && isSeen(b) && simultaneous(a.item, b.item) && intersects(a.box, b.box)

export const collisions = (placed: readonly Placed[]): readonly (readonly [Placed, Placed])[] =>
  placed.flatMap((a, index) => placed.slice(index + 1).flatMap((b) => (collide(a, b) ? [[a, b] as const] : [])))

const during = (placed: readonly Placed[], item: Item): readonly Placed[] =>
  placed.filter((other) => isSeen(other) && simultaneous(other.item, item))

// Corner strips

/** Logos that would meet the label or each other in the strip get smaller. */
function cornerStrips(items: readonly Item[], scene: Scene): readonly Placed[] {
  for (let scale = 1; scale > 0.1; scale *= 0.85) {
    const placed = placeCorners(
      items.map((item) => scaled(item, scale)),
      scene,
    )
    if (isSound(placed, scene)) return placed
  }
  return placeCorners(
    items.map((item) => scaled(item, 0.1)),
    scene,
  )
}

function scaled(item: Item, scale: number): Item {
  if (item.content.kind !== 'image') return item
  const side = (length: number) => Math.max(2, Math.floor(length * scale))
  return { ...item, width: side(item.width), height: side(item.height) }
}

const placeCorners = (items: readonly Item[], scene: Scene): readonly Placed[] =>
  items.reduce<Placed[]>((placed, item) => [...placed, { item, box: cornerBox(item, placed, scene) }], [])

function cornerBox(item: Item, placed: readonly Placed[], { safe, composition }: Scene): Rect {
  const { vertical, horizontal } = item.place
  const gap = gapOf(composition.format)
  const neighbours = during(placed, item).filter(({ item: other }) => samePlace(other, item))
  const { width, height } = item
  const y = vertical === 'top' ? safe.y : bottom(safe) - height
  if (horizontal === 'left') return { x: Math.max(safe.x, ...neighbours.map(({ box }) => right(box) + gap)), y, width, height }
  return { x: Math.min(right(safe), ...neighbours.map(({ box }) => box.x - gap)) - width, y, width, height }
}

const samePlace = (a: Item, b: Item): boolean =>
  a.place.vertical === b.place.vertical && a.place.horizontal === b.place.horizontal

// Stacks

function xOf(horizontal: Horizontal, width: number, safe: Rect): number {
  if (horizontal === 'left') return safe.x
  return horizontal === 'right' ? right(safe) - width : safe.x + Math.floor((safe.width - width) / 2)
}

const boxAt = (item: Item, y: number, { safe }: Scene): Rect => ({
  x: xOf(item.place.horizontal, item.width, safe),
  y,
  width: item.width,
  height: item.height,
})

/** Lowest edge of what stands above an item, or the safe zone's edge. */
const floorOf = (item: Item, above: readonly Placed[], { safe, composition }: Scene): number =>
  Math.max(safe.y, ...during(above, item).map(({ box }) => bottom(box) + gapOf(composition.format)))

const ceilingOf = (item: Item, below: readonly Placed[], { safe, composition }: Scene): number =>
  Math.min(bottom(safe), ...during(below, item).map(({ box }) => box.y - gapOf(composition.format)))

const inUpper = ({ item }: Placed): boolean => item.place.vertical === 'top'
const inLower = ({ item }: Placed): boolean => item.place.vertical === 'bottom'

function atTop(items: readonly Item[], placed: readonly Placed[], scene: Scene): readonly Placed[] {
  return items.reduce(
    (done, item) => [...done, { item, box: boxAt(item, floorOf(item, done.filter(inUpper), scene), scene) }],
    placed,
  )
}

/** From the last one up, so that a group at the bottom reads in template order from top to bottom. */
function atBottom(items: readonly Item[], placed: readonly Placed[], scene: Scene): readonly Placed[] {
  return items.reduceRight(
    (done, item) => [...done, { item, box: boxAt(item, ceilingOf(item, done.filter(inLower), scene) - item.height, scene) }],
    placed,
  )
}

/** Each group of items that are seen together is a block in the middle, moved up or down by what stands above and below it. */
function inCenter(items: readonly Item[], placed: readonly Placed[], scene: Scene): readonly Placed[] {
  const blocks = groups(items).flatMap((group) => columns(group, scene))
  return blocks.reduce((done, block) => [...done, ...centered(block, placed, scene)], placed)
}

/** What is anchored left and what is anchored right stand side by side where both fit: a picture beside its text. */
function columns(group: readonly Item[], { safe, composition }: Scene): readonly (readonly Item[])[] {
  const side = (horizontal: Horizontal) => group.filter(({ place }) => place.horizontal === horizontal)
  const widest = (items: readonly Item[]) => Math.max(0, ...items.map(({ width }) => width))
  const [left, right] = [side('left'), side('right')]
  const beside = left.length + right.length === group.length && left.length > 0 && right.length > 0
  return beside && widest(left) + widest(right) + gapOf(composition.format) <= safe.width ? [left, right] : [group]
}

function centered(group: readonly Item[], placed: readonly Placed[], scene: Scene): readonly Placed[] {
  const { safe } = scene
  const relative = atTop(group.map(asTop), [], { ...scene, safe: { ...safe, y: 0 } })
  const height = Math.max(0, ...relative.map(({ box }) => bottom(box)))
  const floor = Math.max(...group.map((item) => floorOf(item, placed.filter(inUpper), scene)))
  const ceiling = Math.min(...group.map((item) => ceilingOf(item, placed.filter(inLower), scene)))
  const y = clamp(safe.y + Math.floor((safe.height - height) / 2), floor, Math.max(floor, ceiling - height))
  return relative.map(({ box }, index) => ({ item: group[index]!, box: { ...box, y: box.y + y } }))
}

const asTop = (item: Item): Item => ({ ...item, place: { ...item.place, vertical: 'top' } })

/** Items joined by common moments, each in template order. */
function groups(items: readonly Item[]): readonly (readonly Item[])[] {
  return items.reduce<(readonly Item[])[]>((found, item) => {
    const touching = found.filter((group) => group.some((other) => simultaneous(other, item)))
    return [
      ...found.filter((group) => !touching.includes(group)),
      [...touching.flat(), item].sort((a, b) => a.overlay - b.overlay),
    ]
  }, [])
}
