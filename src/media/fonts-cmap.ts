/**
 * Which characters a font file has, from its `cmap` table (OpenType 1.9, formats 4 and 12), so that a missing glyph is
 * known exactly and before anything is drawn. Reads TrueType, OpenType and WOFF2; an upload is hostile input, so every
 * read is bounds-checked (a Buffer throws) and the inflated size is capped.
 */
import { brotliDecompressSync } from 'node:zlib'

/** Sorted, non-overlapping, inclusive: [first, last, first, last, …]. */
export type CodePoints = readonly number[]

const maxInflatedBytes = 96 * 1024 * 1024
const maxRanges = 100_000

/** @returns undefined when this is no font that can be read */
export function readCodePoints(font: Buffer): CodePoints | undefined {
  try {
    const cmap = font.readUInt32BE(0) === 0x774f4632 ? cmapOfWoff2(font) : cmapOfSfnt(font)
    return cmap && normalise(rangesOf(cmap))
  } catch {
    return undefined
  }
}

function cmapOfSfnt(font: Buffer): Buffer | undefined {
  for (let i = 0; i < font.readUInt16BE(4); i += 1) {
    const record = 12 + i * 16
    if (font.toString('latin1', record, record + 4) === 'cmap')
      return font.subarray(font.readUInt32BE(record + 8), font.readUInt32BE(record + 8) + font.readUInt32BE(record + 12))
  }
  return undefined
}

const woff2Header = 48
const woff2Tag = { cmap: 0, glyf: 10, loca: 11, arbitrary: 63 } as const

/** The tables of a WOFF2 file lie one after another in one Brotli stream, in directory order. */
function cmapOfWoff2(font: Buffer): Buffer | undefined {
  const cursor = { at: woff2Header }
  let offset = 0
  let found: { start: number; end: number } | undefined
  for (let i = 0; i < font.readUInt16BE(12); i += 1) {
    const { isCmap, length } = woff2Entry(font, cursor)
    if (isCmap) found = { start: offset, end: offset + length }
    offset += length
  }
  const tables = brotliDecompressSync(font.subarray(cursor.at), { maxOutputLength: maxInflatedBytes })
  return found && tables.subarray(found.start, found.end)
}

function woff2Entry(font: Buffer, cursor: { at: number }): { isCmap: boolean; length: number } {
  const flags = font.readUInt8(cursor.at)
  cursor.at += 1
  const tag = flags & 63
  const named = tag === woff2Tag.arbitrary ? font.toString('latin1', cursor.at, (cursor.at += 4)) : undefined
  const original = readBase128(font, cursor)
  const version = flags >> 6
  const transformed = tag === woff2Tag.glyf || tag === woff2Tag.loca ? version !== 3 : version !== 0
  return { isCmap: tag === woff2Tag.cmap || named === 'cmap', length: transformed ? readBase128(font, cursor) : original }
}

function readBase128(font: Buffer, cursor: { at: number }): number {
  let value = 0
  for (let i = 0; i < 5; i += 1) {
    const byte = font.readUInt8(cursor.at)
    cursor.at += 1
    value = value * 128 + (byte & 127)
    if (byte < 128) return value
  }
  throw new RangeError('A length in the font has more than five bytes.')
}

/** Format 12 where the font has it (it reaches beyond the BMP), else format 4. */
function rangesOf(cmap: Buffer): number[] {
  const offsets = Array.from({ length: cmap.readUInt16BE(2) }, (_, i) => cmap.readUInt32BE(4 + i * 8 + 4))
  const byFormat = (format: number) => offsets.find((offset) => cmap.readUInt16BE(offset) === format)
  const full = byFormat(12)
  if (full !== undefined) return groups(cmap, full)
  const basic = byFormat(4)
  return basic === undefined ? [] : segments(cmap, basic)
}

function groups(cmap: Buffer, at: number): number[] {
  const count = Math.min(cmap.readUInt32BE(at + 12), maxRanges)
  return Array.from({ length: count }, (_, i) => at + 16 + i * 12).flatMap((group) => [
    cmap.readUInt32BE(group),
    cmap.readUInt32BE(group + 4),
  ])
}

function segments(cmap: Buffer, at: number): number[] {
  const bytes = cmap.readUInt16BE(at + 6)
  const ranges: number[] = []
  for (let i = 0; i < bytes; i += 2) {
    const end = cmap.readUInt16BE(at + 14 + i)
    const start = cmap.readUInt16BE(at + 16 + bytes + i)
    const rangeOffsetAt = at + 16 + 3 * bytes + i
    if (start === 0xffff) continue
    ranges.push(...mapped({ cmap, start, end, delta: cmap.readUInt16BE(at + 16 + 2 * bytes + i), rangeOffsetAt }))
  }
  return ranges
}

interface Segment {
  readonly cmap: Buffer
  readonly start: number
  readonly end: number
  readonly delta: number
  readonly rangeOffsetAt: number
}

/** A segment may map some of its characters to glyph 0, which is "missing". */
function mapped({ cmap, start, end, delta, rangeOffsetAt }: Segment): number[] {
  const rangeOffset = cmap.readUInt16BE(rangeOffsetAt)
  const has = (code: number) =>
    rangeOffset === 0
      ? ((code + delta) & 0xffff) !== 0
      : cmap.readUInt16BE(rangeOffsetAt + rangeOffset + (code - start) * 2) !== 0
  const ranges: number[] = []
  for (let code = start; code <= end; code += 1) if (has(code)) ranges.push(code, code)
  return ranges
}

function normalise(ranges: number[]): CodePoints {
  const pairs = Array.from({ length: ranges.length / 2 }, (_, i) => [ranges[i * 2]!, ranges[i * 2 + 1]!] as const)
  const merged: number[] = []
  for (const [first, last] of pairs.sort((a, b) => a[0] - b[0])) {
    if (last < first) continue
    if (merged.length > 0 && first <= merged.at(-1)! + 1) merged[merged.length - 1] = Math.max(merged.at(-1)!, last)
    else merged.push(first, last)
  }
  return merged
}
