/** From a composition to raw pictures: one layer per overlay, the label, and the end card. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import type { AssetPaths, Composition, LayoutFinding, Motion } from '#src/contracts/composition.ts'
import { colorOr, css, readableOn } from './color.ts'
import { type Images, openImages, sizesOf } from './draw-image.ts'
import { buttonReach, paintButton, paintIcon, paintLabel } from './draw-pill.ts'
import { haloReach, paintText, paintTextOverClip } from './draw-text.ts'
import { openBrandFonts } from './fonts-brand.ts'
import type { Drawing, Layer } from './layers.ts'
import { bottom, type Rect, right } from './layout-geometry.ts'
import type { EndCardLayout } from './layout-end-card.ts'
import { layout } from './layout.ts'
import type { Placed } from './layout-place.ts'
import type { Frame } from './text-style.ts'

/**
 * Everything that is drawn over the clips, raw and in place; the same layout that `measureFindings` reports on.
 * @throws Terminal `bad_media` for an image that is missing or cannot be decoded
 */
export async function drawLayers(composition: Composition, assets: AssetPaths): Promise<Drawing> {
  const [images, fontFindings] = [await openImages(composition, assets), openBrandFonts(composition, assets)]
  const { placed, endCard, findings } = layout(composition, images)
  const seen = placed.filter(({ item }) => item.width > 0 && item.height > 0)
  return {
    layers: seen.map((one) => drawLayer(one, composition, images)),
    endCard: endCard && drawEndCard(endCard, composition, images),
    findings: [...findings, ...fontFindings],
  }
}

/**
 * What a plan has to say about compositions, without drawing: thousands a second. Images without a file count as square.
 */
export async function measureFindings(
  compositions: readonly Composition[],
  assets: AssetPaths,
): Promise<readonly (readonly LayoutFinding[])[]> {
  const sizes = await sizesOf(compositions, assets)
  return compositions.map((composition) => {
    const fontFindings = openBrandFonts(composition, assets)
    return [...layout(composition, sizes).findings, ...fontFindings]
  })
}

function drawLayer({ item, box }: Placed, composition: Composition, images: Images): Layer {
  const timing = { overlay: item.overlay, from: item.from, to: item.to, ...motionsOf(item.overlay, composition) }
  const area = evenly(grown(box, reachOf({ item, box })), composition.format)
  const context = createCanvas(area.width, area.height).getContext('2d')
  context.translate(-area.x, -area.y)
  paint(context, { item, box }, composition, images)
  return { ...timing, ...area, rgba: pixels(context, area) }
}

function motionsOf(overlay: number, { overlays }: Composition): { enter: Motion; exit: Motion } {
  const { enter, exit } = overlays[overlay] ?? { enter: 'none', exit: 'none' }
  return { enter, exit }
}

function reachOf({ item: { content } }: Placed): number {
  if (content.kind === 'text') return haloReach(content.block)
  return content.kind === 'button' ? buttonReach(content.block) : 0
}

function paint(context: SKRSContext2D, { item, box }: Placed, { brand }: Composition, images: Images): void {
  const { content, place } = item
  const color = colorOr(brand.colors.text, { r: 255, g: 255, b: 255 })
  if (content.kind === 'text') paintTextOverClip(context, { block: content.block, box, align: place.horizontal, color })
  else if (content.kind === 'button') paintButton(context, { block: content.block, box }, brand.colors)
  else if (content.kind === 'label' && content.icon) paintIcon(context, { block: content.block, box })
  else if (content.kind === 'label') paintLabel(context, { block: content.block, box })
  else paintImage(context, images, content.image, box)
}

function paintImage(context: SKRSContext2D, images: Images, sha256: string, { x, y, width, height }: Rect): void {
  const image = images.get(sha256)
  if (!image) return
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, x, y, width, height)
}

function drawEndCard({ text, block, logo }: EndCardLayout, composition: Composition, images: Images): Uint8Array {
  const { format, brand, endCard } = composition
  const ground = colorOr(endCard?.background ?? '', { r: 0, g: 0, b: 0 })
  const context = createCanvas(format.width, format.height).getContext('2d')
  context.fillStyle = css(ground)
  context.fillRect(0, 0, format.width, format.height)
  if (logo) paintImage(context, images, logo.image, logo.box)
  const color = readableOn(ground, colorOr(brand.colors.text, { r: 255, g: 255, b: 255 }))
  if (text) paintText(context, { block, box: text, align: 'center', color })
  return pixels(context, format)
}

/** getImageData gives straight alpha; the canvas itself is premultiplied. */
function pixels(context: SKRSContext2D, { width, height }: Frame): Uint8Array {
  const { data } = context.getImageData(0, 0, width, height)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

const grown = (box: Rect, by: number): Rect => ({
  x: box.x - by,
  y: box.y - by,
  width: box.width + 2 * by,
  height: box.height + 2 * by,
})

/** Even sides and places inside the frame: half a chroma sample off would give letters coloured edges. */
function evenly(box: Rect, frame: Frame): Rect {
  const down = (value: number) => Math.max(0, Math.floor(value / 2) * 2)
  const up = (value: number, limit: number) => Math.min(limit, Math.ceil(value / 2) * 2)
  const [x, y] = [down(box.x), down(box.y)]
  return { x, y, width: up(right(box), frame.width) - x, height: up(bottom(box), frame.height) - y }
}
