/** Images of a composition: their sizes and their decoded pictures. Runs in a compositor child, for uploads are hostile input. */
import { readFile } from 'node:fs/promises'
import { Image } from '@napi-rs/canvas'
import type { AssetPaths, Composition } from '#src/contracts/composition.ts'
import { Terminal } from '#src/errors.ts'
import type { ImageSizes } from './layout-items.ts'

/** sha256 of every image that a composition draws. */
export function imagesOf({ overlays, endCard }: Composition): string[] {
  const inOverlays = overlays.flatMap((overlay) => (overlay.kind === 'image' ? [overlay.image] : []))
  return [...new Set(endCard?.logo ? [...inOverlays, endCard.logo] : inOverlays)]
}

const signatures: readonly { readonly at: number; readonly bytes: string }[] = [
  { at: 0, bytes: '\x89PNG\r\n\x1a\n' },
  { at: 0, bytes: '\xff\xd8\xff' },
  { at: 8, bytes: 'WEBP' },
]

/** PNG, JPEG and WebP only: Skia would take an SVG as well, and an SVG may name files and addresses. */
const isPicture = (bytes: Buffer): boolean =>
  signatures.some(({ at, bytes: wanted }) => bytes.toString('latin1', at, at + wanted.length) === wanted)

/** @throws Terminal `bad_media` when there is no file or it is no picture */
async function openImage(sha256: string, assets: AssetPaths): Promise<Image> {
  const path = assets[sha256]
  if (path === undefined) throw new Terminal('bad_media', `The image ${sha256} is not among the composition's files.`)
  const bytes = await readFile(path)
  if (!isPicture(bytes)) throw new Terminal('bad_media', `The image ${sha256} is neither PNG, JPEG nor WebP.`)
  return decode(bytes, sha256)
}

async function decode(bytes: Buffer, sha256: string): Promise<Image> {
  const image = new Image()
  image.src = bytes
  await image.decode().catch((cause: unknown) => {
    throw new Terminal('bad_media', `The image ${sha256} cannot be decoded.`, { cause })
  })
  return image
}

export type Images = ReadonlyMap<string, Image>

/** Decoded pictures are large and a child composes one rendition at a time, so they are not kept. */
export async function openImages(composition: Composition, assets: AssetPaths): Promise<Images> {
  const entries = imagesOf(composition).map(async (sha256) => [sha256, await openImage(sha256, assets)] as const)
  return new Map(await Promise.all(entries))
}

const knownSizes = new Map<string, { width: number; height: number }>()

/** Sizes of all images that have a file; a plan measures thousands of compositions with the same few. */
export async function sizesOf(compositions: readonly Composition[], assets: AssetPaths): Promise<ImageSizes> {
  const wanted = new Set(compositions.flatMap(imagesOf))
  for (const sha256 of wanted) {
    if (knownSizes.has(sha256) || assets[sha256] === undefined) continue
    const { width, height } = await openImage(sha256, assets)
    knownSizes.set(sha256, { width, height })
  }
  return knownSizes
}
