/** A brand's own fonts: named by the sha256 of an uploaded file, opened before a composition is laid out. */
import type { AssetPaths, Composition, LayoutFinding } from '#src/contracts/composition.ts'
import { endCardIndex } from './layers.ts'
import { isShippedFamily, openBrandFont } from './fonts.ts'

/** A font that cannot be opened is replaced by Inter, and that is a finding: the ad would not look like the brand. */
export function openBrandFonts({ brand, overlays }: Composition, assets: AssetPaths): LayoutFinding[] {
  const families = new Set(Object.values(brand.fonts).filter((family) => !isShippedFamily(family)))
  const unusable = [...families].filter((family) => !opens(family, assets[family]))
  const overlay = overlays.findIndex(({ kind }) => kind !== 'image')
  return unusable.map((family) => ({
    overlay: overlay < 0 ? endCardIndex : overlay,
    code: 'glyph_missing',
    message: message(family),
  }))
}

const message = (family: string): string =>
  `The brand font "${family}" is not there or cannot be read; Inter is used. Upload it again as WOFF2, TrueType or OpenType.`

const opens = (family: string, path: string | undefined): boolean => path !== undefined && openBrandFont(family, path)
