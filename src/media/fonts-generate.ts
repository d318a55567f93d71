/** `node src/media/fonts-generate.ts` writes fonts/coverage.json anew after a font file changed; a test compares the two. */
import { readFile, writeFile } from 'node:fs/promises'
import { encodeCodePoints } from './fonts-coverage.ts'
import { readCodePoints } from './fonts-cmap.ts'
import { allFaces, coverageFile, fileOf, fontsFolder } from './fonts-files.ts'

/** Face → code points, as fonts/coverage.json keeps them. The weights of a face have the same characters. */
export async function generateCoverage(): Promise<string> {
  const entries = await Promise.all(
    allFaces.map(async (face) => {
      const ranges = readCodePoints(await readFile(new URL(fileOf(face, 400), fontsFolder)))
      if (!ranges) throw new Error(`${face} cannot be read as a font.`)
      return [face, encodeCodePoints(ranges)] as const
    }),
  )
  return `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`
}

if (import.meta.main) await writeFile(coverageFile, await generateCoverage())
