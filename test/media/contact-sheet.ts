/**
 * Draws every built-in format in eight scripts, with the safe zones: `node test/media/contact-sheet.ts` writes
 * src/media/contact-sheet.jpg. To be looked at after every change of type or layout.
 */
import './fonts-setup.ts'
import { rm, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { resolveFont } from '#src/media/fonts.ts'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import { button, composition, copies, formats, image, logo, text } from './layout-compositions.ts'

const scripts = ['en', 'ru', 'ar', 'hi', 'th', 'ja', 'zh-CN', 'ko'] as const
const cell: number = 232
const gap = 8
const caption = 22
const quality = 72
const logoFile = fileURLToPath(new URL('../../src/demo/sample/logo.png', import.meta.url))
const target = fileURLToPath(new URL('../../src/media/contact-sheet.jpg', import.meta.url))

type Format = (typeof formats)[number]

function compositionIn(format: Format, locale: (typeof scripts)[number]) {
  const [headline, price, body] = copies[locale]
  const overlays = [text(headline), text(body, { style: 'body', anchor: 'bottom' }), button(price), image({ width: 0.16 })]
  return composition({ format, locale, overlays })
}

/** One thumbnail: the still, scaled into a square cell. */
async function draw(context: ReturnType<typeof contextOf>, compositor: Compositor, format: Format, row: number, column: number) {
  const given = compositionIn(format, scripts[column]!)
  const { jpeg } = await compositor.still(given, { [logo]: logoFile }, { atSeconds: 2, guides: true })
  const scale = Math.min(cell / format.width, cell / format.height)
  const x = column * (cell + gap) + (cell - format.width * scale) / 2
  context.drawImage(await loadImage(jpeg), gap + x, tops[row]! + caption, format.width * scale, format.height * scale)
}

const heightOf = ({ width, height }: Format): number => Math.min(cell, (cell * height) / width) + caption + gap
const tops = formats.map((_, row) => formats.slice(0, row).reduce<number>((sum, format) => sum + heightOf(format), gap))
const total = formats.reduce<number>((sum, format) => sum + heightOf(format), gap)

function contextOf() {
  const context = createCanvas(gap + scripts.length * (cell + gap), Math.ceil(total)).getContext('2d')
  context.fillStyle = '#f4f2ee'
  context.fillRect(0, 0, context.canvas.width, context.canvas.height)
  context.imageSmoothingQuality = 'high'
  context.fillStyle = '#222'
  formats.forEach(({ id, width, height }, row) => {
    const title = `${id}  ${width} × ${height}`
    context.font = resolveFont({ text: title, family: 'Inter', locale: 'en', weight: 700 }).css(13)
    context.fillText(title, gap, tops[row]! + caption - 7)
  })
  return context
}

const folder = await mkdtemp(join(tmpdir(), 'spotsmith-sheet-'))
const compositor = createCompositor({ tempDir: folder })
const context = contextOf()
for (const [row, format] of formats.entries()) {
  for (const column of scripts.keys()) await draw(context, compositor, format, row, column)
}
await writeFile(target, await context.canvas.encode('jpeg', quality))
await compositor.close()
await rm(folder, { recursive: true, force: true })
