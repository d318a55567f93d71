/**
 * The fonts of this process: shipped files and brand uploads, registered in Skia, and which of them a text needs.
 * Runs in a compositor child whose environment has DISABLE_SYSTEM_FONTS_LOAD=1 before @napi-rs/canvas is loaded.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GlobalFonts } from '@napi-rs/canvas'
import { readCodePoints } from './fonts-cmap.ts'
import { type Coverage, coverageOf, decodeCodePoints } from './fonts-coverage.ts'
import {
  allFaces,
  coverageFile,
  emojiFace,
  fallbackFaces,
  familyFaces,
  fileOf,
  fontsFolder,
  symbolFaces,
  weightsOf,
} from './fonts-files.ts'

export interface FontRequest {
  readonly text: string
  /** A shipped family, or the sha256 of a brand font that was opened. */
  readonly family: string
  readonly locale: string
  readonly weight: 400 | 700
}

/** Fonts that a text needs. Two texts with an equal `css` and language are measured alike. */
export interface ResolvedFont {
  readonly css: (sizePx: number) => string
  /** Characters that no font has, each once; to be left out, for a box is never drawn. */
  readonly missing: string
}

const coverages = new Map<string, Coverage>()

/** Registers the shipped fonts, once. About 0.4 s and 70 MB, so a child does it with its first text. */
function loadShippedFonts(): void {
  if (coverages.size > 0) return
  const shipped = JSON.parse(readFileSync(coverageFile, 'utf8')) as Record<string, string>
  for (const face of allFaces) {
    for (const weight of weightsOf(face)) registerFile(face, weight)
    coverages.set(face, coverageOf(decodeCodePoints(shipped[face] ?? '')))
  }
}

function registerFile(face: string, weight: number): void {
  const path = fileURLToPath(new URL(fileOf(face, weight), fontsFolder))
  if (!GlobalFonts.registerFromPath(path, face)) throw new Error(`The shipped font ${fileOf(face, weight)} cannot be read.`)
}

const brandAlias = (sha256: string): string => `brand-${sha256}`

const brandFonts = new Map<string, boolean>()

/** Makes a brand's font usable under its sha256, once. @returns false when there is no such file or it is no font */
export function openBrandFont(sha256: string, path: string): boolean {
  const known = brandFonts.get(sha256)
  if (known !== undefined) return known
  loadShippedFonts()
  const opened = registerBrandFont(brandAlias(sha256), path)
  brandFonts.set(sha256, opened)
  return opened
}

function registerBrandFont(alias: string, path: string): boolean {
  const bytes = existsSync(path) ? readFileSync(path) : undefined
  const ranges = bytes && readCodePoints(bytes)
  if (!ranges || !GlobalFonts.register(bytes, alias)) return false
  coverages.set(alias, coverageOf(ranges))
  return true
}

export const isShippedFamily = (family: string): family is keyof typeof familyFaces => Object.hasOwn(familyFaces, family)

/** The brand's family first, then everything else that ships, by locale. */
function stackFor(family: string, locale: string): readonly string[] {
  const first = isShippedFamily(family) ? familyFaces[family] : [brandAlias(family)].filter((alias) => coverages.has(alias))
  return [...new Set([...first, ...fallbackFaces(locale)])]
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const invisible = /[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}]/u
const pictograph = /\p{Emoji_Presentation}|\ufe0f|\u20e3/u

/** Whether a grapheme is to be a colour picture; "❤" alone is text. */
const isPictograph = (segment: string): boolean =>
  pictograph.test(segment) &&
  Array.from(segment).every((character) => invisible.test(character) || coverages.get(emojiFace)?.has(codeOf(character)))

const codeOf = (character: string): number => character.codePointAt(0) ?? 0

/**
 * Names only the faces that the text needs: exact (Skia cannot fall back to some other font), and several times faster
 * to measure than the full stack.
 */
export function resolveFont({ text, family, locale, weight }: FontRequest): ResolvedFont {
  loadShippedFonts()
  const stack = stackFor(family, locale)
  const used = new Set<string>()
  const missing = new Set<string>()
  for (const { segment } of graphemes.segment(text)) {
    if (isPictograph(segment)) {
      used.add(emojiFace)
      continue
    }
    for (const character of segment) {
      if (invisible.test(character)) continue
      const face = stack.find((face) => coverages.get(face)?.has(codeOf(character)))
      if (face) used.add(face)
      else missing.add(character)
    }
  }
  return resolved(stack, used, { missing: [...missing].join(''), weight })
}

function resolved(
  stack: readonly string[],
  used: ReadonlySet<string>,
  { missing, weight }: { missing: string; weight: number },
): ResolvedFont {
  const faces = used.size > 0 ? inOrder(stack, used) : stack.slice(0, 1)
  const families = faces.map((face) => `"${face}"`).join(', ')
  return Object.freeze({ css: (sizePx: number) => `${weight} ${sizePx}px ${families}`, missing })
}

/** Pictures are asked before the one-colour symbols, or those would draw them; only in a text that has pictures. */
function inOrder(stack: readonly string[], used: ReadonlySet<string>): readonly string[] {
  const faces = stack.filter((face) => used.has(face) && face !== emojiFace)
  const at = faces.findIndex((face) => symbolFaces.includes(face))
  return used.has(emojiFace) ? faces.toSpliced(at < 0 ? faces.length : at, 0, emojiFace) : faces
}

/** Characters of a text that no font has for this locale, each once. */
export const missingGlyphs = (text: string, locale: string, family = 'Inter'): string =>
  resolveFont({ text, locale, family, weight: 400 }).missing
