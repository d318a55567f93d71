/** How large each part of a composition is, before anything has a place. */
import type { ButtonOverlay, Composition, ImageOverlay, Overlay, TextOverlay } from '#src/contracts/composition.ts'
import { labelIndex } from './layers.ts'
import { type Place, placeOf, type Rect, safeZone, type Span, totalSeconds } from './layout-geometry.ts'
import { type Direction, localeDirection } from './text-script.ts'
import { sizesPx, typeStyles, type TypeStyle } from './text-style.ts'
import { fitText, type TextBlock } from './text.ts'

/** Sizes of the images by sha256. */
export type ImageSizes = ReadonlyMap<string, { readonly width: number; readonly height: number }>

export interface Item extends Span {
  /** Index of the overlay, or the label's number. */
  readonly overlay: number
  readonly place: Place
  /** Pixels to move from the place found. */
  readonly shift: { readonly x: number; readonly y: number }
  readonly width: number
  readonly height: number
  readonly content: Content
}

export type Content =
  | { readonly kind: 'text'; readonly block: TextBlock }
  | { readonly kind: 'button'; readonly block: TextBlock }
  | { readonly kind: 'label'; readonly block: TextBlock; readonly icon: boolean }
  | { readonly kind: 'image'; readonly image: string }

/** What the layout asks of the parts so that all have room: 1 is as large as the style allows, 0 as small. */
export interface Squeeze {
  readonly quality: number
  /** Lines that an overlay's text may have at most, where less than its style allows. */
  readonly maxLines: ReadonlyMap<number, number>
}

export interface Scene {
  readonly composition: Composition
  readonly images: ImageSizes
  readonly direction: Direction
  readonly safe: Rect
}

export function sceneOf(composition: Composition, images: ImageSizes): Scene {
  const direction = localeDirection(composition.locale)
  return { composition, images, direction, safe: safeZone(composition.format, direction) }
}

/** The overlays' items in template order. */
export const overlayItems = (scene: Scene, squeeze: Squeeze): Item[] =>
  scene.composition.overlays.map((overlay, index) => {
    const size = sizeOf(overlay, index, scene, squeeze)
    return {
      ...size,
      overlay: index,
      place: placeOf(overlay.anchor, scene.direction),
      ...timing(overlay),
      shift: shiftOf(overlay, scene),
    }
  })

const timing = ({ from, to }: Span): Span => ({ from, to })

function shiftOf({ offset }: Overlay, { composition: { format }, direction }: Scene): Item['shift'] {
  const sign = direction === 'rtl' ? -1 : 1
  return { x: Math.round(sign * offset.x * format.width), y: Math.round(offset.y * format.height) }
}

type Sized = Pick<Item, 'width' | 'height' | 'content'>

function sizeOf(overlay: Overlay, index: number, scene: Scene, squeeze: Squeeze): Sized {
  if (overlay.kind === 'image') return imageSize(overlay, scene, squeeze.quality)
  if (overlay.kind === 'button' && scene.composition.format.button_allowed) return buttonSize(overlay, index, scene, squeeze)
  return textSize(overlay, index, scene, squeeze)
}

const isLandscape = ({ width, height }: { width: number; height: number }): boolean => width > height

/** Lines across all of a wide frame are hard to read; a text at one side leaves the other to the picture. */
function shareOfWidth({ anchor }: Overlay, { composition: { format } }: Scene): number {
  const aside = /left|right/.test(anchor)
  if (isLandscape(format)) return aside ? 0.55 : 0.8
  return aside ? 0.8 : 1
}

interface Copy {
  readonly text: string
  readonly style: TypeStyle
  readonly maxWidth: number
  readonly maxHeight: number
}

function fitCopy(copy: Copy, index: number, { composition }: Scene, { quality, maxLines }: Squeeze): TextBlock {
  const { format, locale, brand } = composition
  const { min, max } = sizesPx(copy.style, format)
  const lines = maxLines.get(index)
  return fitText({
    ...copy,
    locale,
    frame: format,
    fontFamily: brand.fonts[typeStyles[copy.style].font],
    maxSizePx: min + (max - min) * quality,
    ...(lines !== undefined && { maxLines: lines }),
  })
}

/** No text takes more of the safe zone's height than this, whatever else there is. */
const textShareOfHeight = 0.6

/** Where a format forbids buttons, a button's copy is set as body text. */
function textSize(overlay: TextOverlay | ButtonOverlay, index: number, scene: Scene, squeeze: Squeeze): Sized {
  const style = overlay.kind === 'text' ? overlay.style : 'body'
  const maxWidth = Math.floor(scene.safe.width * shareOfWidth(overlay, scene))
  const maxHeight = Math.floor(scene.safe.height * textShareOfHeight)
  const block = fitCopy({ text: overlay.text, style, maxWidth, maxHeight }, index, scene, squeeze)
  return { width: block.width, height: block.height, content: { kind: 'text', block } }
}

/** Space around a text in its pill, in units of its size. */
export const pillPadding = { button: { x: 0.95, y: 0.58 }, label: { x: 0.62, y: 0.36 } } as const

function pillSize(kind: 'button' | 'label', block: TextBlock, icon = false): Sized {
  const { x, y } = pillPadding[kind]
  const content: Content = kind === 'label' ? { kind, block, icon } : { kind, block }
  if (block.lines.length === 0) return { width: 0, height: 0, content }
  const width = Math.ceil(block.width + 2 * x * block.sizePx)
  return { width, height: Math.ceil(block.height + 2 * y * block.sizePx), content }
}

function pillCopy(kind: 'button' | 'label', text: string, { safe, composition: { format } }: Scene): Copy {
  const { max } = sizesPx(kind, format)
  const available = kind === 'button' && isLandscape(format) ? safe.width * 0.6 : safe.width
  const maxWidth = Math.max(2, Math.floor(available - 2 * pillPadding[kind].x * max))
  return { text, style: kind, maxWidth, maxHeight: Math.max(2, Math.floor(safe.height * 0.3 - 2 * pillPadding[kind].y * max)) }
}

const buttonSize = (overlay: ButtonOverlay, index: number, scene: Scene, squeeze: Squeeze): Sized =>
  pillSize('button', fitCopy(pillCopy('button', overlay.text, scene), index, scene, squeeze))

const noSqueeze: Squeeze = { quality: 1, maxLines: new Map() }

/** Between the two fields of the icon. */
export const iconGap = '\u00a0\u00a0\u00a0'
const labelText = ({ text, icon }: NonNullable<Composition['label']>): string => (icon ? text.replace(' ', iconGap) : text)

/** The AI label: all the time, end card included, in the upper corner at the end of a line of text. */
export function labelItem(scene: Scene): Item | undefined {
  const { composition, direction } = scene
  if (!composition.label) return undefined
  const block = fitCopy(pillCopy('label', labelText(composition.label), scene), labelIndex, scene, noSqueeze)
  const span = { from: 0, to: totalSeconds(composition) }
  return {
    ...pillSize('label', block, composition.label.icon),
    ...span,
    overlay: labelIndex,
    place: placeOf('top_right', direction),
    shift: { x: 0, y: 0 },
  }
}

/** A width is a fraction of the frame's width; on wide frames a tall picture would fill the height, so that is capped too. */
const imageShareOfHeight = { corner: 0.2, stacked: 0.45 } as const
const smallestImage = 0.45

function imageSize({ image, width, anchor }: ImageOverlay, scene: Scene, quality: number): Sized {
  const { safe, composition, images } = scene
  const share = imageShareOfHeight[anchor.includes('_') ? 'corner' : 'stacked']
  const scale = smallestImage + (1 - smallestImage) * quality
  const box = { width: Math.min(safe.width, composition.format.width * width) * scale, height: safe.height * share * scale }
  return { ...fitInside(images.get(image) ?? { width: 1, height: 1 }, box), content: { kind: 'image', image } }
}

/** The largest size of that shape inside a box; whole pixels, two at least. */
export function fitInside(shape: { width: number; height: number }, box: { width: number; height: number }) {
  const scale = Math.min(box.width / shape.width, box.height / shape.height)
  return { width: Math.max(2, Math.floor(shape.width * scale)), height: Math.max(2, Math.floor(shape.height * scale)) }
}
