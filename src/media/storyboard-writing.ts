/** The written part of a storyboard: mark, counter, and the prompt in short captions. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import { resolveFont } from './fonts.ts'
import type { Strip } from './storyboard-bands.ts'

const family = 'Inter'
const side = 0.06
const shortestCaptionSeconds = 0.8

const fontOf = (text: string, weight: 400 | 700, px: number) => resolveFont({ text, family, locale: 'en', weight }).css(px)

const plain = (prompt: string): string => prompt.normalize('NFC').replace(/\s+/g, ' ').trim()

/** Without characters that no font has: a box says nothing. */
function writable(text: string): string {
  const { missing } = resolveFont({ text, family, locale: 'en', weight: 400 })
  return Array.from(text)
    .filter((character) => !missing.includes(character))
    .join('')
}

function linesOf(words: readonly string[], fits: (line: string) => boolean): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    if (line !== '' && !fits((line + word).trim())) {
      lines.push(line.trim())
      line = ''
    }
    line += word
  }
  return [...lines, line.trim()].filter((text) => text !== '')
}

/** The prompt in lines that fit the strip, as many as can be read in the time. */
export function captionsOf(prompt: string, strip: Strip, seconds: number): readonly string[] {
  const text = writable(plain(prompt))
  const context = createCanvas(1, 1).getContext('2d')
  context.font = fontOf(text, 400, strip.fontPx)
  const fits = (line: string) => context.measureText(line).width <= strip.width * (1 - 2 * side)
  const words = [...new Intl.Segmenter('en', { granularity: 'word' }).segment(text)].map(({ segment }) => segment)
  const lines = linesOf(words, fits)
  const most = Math.max(1, Math.floor(seconds / shortestCaptionSeconds))
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `${lines[most - 1]} …`]
}

/** Light letters with a dark edge: readable over every scene. */
function write(context: SKRSContext2D, text: string, x: number, { height, fontPx }: Strip): void {
  context.textBaseline = 'middle'
  context.lineJoin = 'round'
  context.lineWidth = fontPx * 0.16
  context.strokeStyle = 'rgba(10, 12, 20, 0.45)'
  context.strokeText(text, x, height / 2)
  context.fillStyle = 'rgba(255, 255, 255, 0.94)'
  context.fillText(text, x, height / 2)
}

const clock = (seconds: number): string => {
  const tenths = Math.floor(seconds * 10 + 1e-6)
  return `${String(Math.floor(tenths / 600)).padStart(2, '0')}:${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`
}

function fresh(strip: Strip): SKRSContext2D {
  return createCanvas(strip.width, strip.height).getContext('2d')
}

const pixels = (context: SKRSContext2D, { width, height }: Strip): Uint8Array => {
  const { data } = context.getImageData(0, 0, width, height)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** The mark on the left, time and frame on the right, of one frame. */
export function drawHead(strip: Strip, frame: number, seconds: number): Uint8Array {
  const context = fresh(strip)
  const edge = strip.width * side
  context.font = fontOf('STORYBOARD', 700, strip.fontPx)
  write(context, 'STORYBOARD', edge + strip.fontPx, strip)
  context.fillStyle = '#ff4d4d'
  context.beginPath()
  context.arc(edge + strip.fontPx * 0.35, strip.height / 2, strip.fontPx * 0.3, 0, Math.PI * 2)
  context.fill()
  context.font = fontOf('0', 400, strip.fontPx)
  context.textAlign = 'right'
  write(context, `${clock(seconds)}  #${String(frame).padStart(4, '0')}`, strip.width - edge, strip)
  return pixels(context, strip)
}

export function drawCaption(strip: Strip, caption: string): Uint8Array {
  const context = fresh(strip)
  context.font = fontOf(caption, 400, strip.fontPx)
  context.textAlign = 'center'
  write(context, caption, strip.width / 2, strip)
  return pixels(context, strip)
}
