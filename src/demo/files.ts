/** Downloads what the manifest lists, and checks every file for what was promised. */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ManifestRow } from './campaign.ts'
import { readMp4 } from './mp4.ts'

export interface Expected {
  /** Planned length of the whole video. */
  readonly seconds: number
  readonly sound: boolean
}

export interface SavedRendition extends ManifestRow {
  /** Paths below the output folder. */
  readonly video: string
  readonly poster: string
  readonly faults: readonly string[]
}

const secondsTolerance = 0.1
const safeName = (text: string) => text.normalize('NFKD').replaceAll(/[^\w.-]+/g, '_') || 'segment'

async function download(url: string): Promise<Buffer> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${answer.status} for ${new URL(url).pathname}`)
  return Buffer.from(await answer.arrayBuffer())
}

function faultsOf(row: ManifestRow, file: Buffer, expected: Expected): string[] {
  const facts = readMp4(file)
  const checks: readonly (readonly [boolean, string])[] = [
    [createHash('sha256').update(file).digest('hex') === row.sha256, 'its sha256 is not the one of the manifest'],
    [
      facts.width === row.width && facts.height === row.height,
      `it is ${facts.width}×${facts.height}, not ${row.width}×${row.height}`,
    ],
    [
      Math.abs(facts.seconds - expected.seconds) <= secondsTolerance,
      `it lasts ${facts.seconds.toFixed(2)} s, not ${expected.seconds} s`,
    ],
    [facts.moovFirst, 'its index (moov) comes after the media'],
    [facts.videoCodec === 'avc1', `its picture is ${facts.videoCodec}, not H.264`],
    [!expected.sound || facts.audioCodec === 'mp4a', 'it has no AAC sound'],
  ]
  return checks.filter(([ok]) => !ok).map(([, fault]) => fault)
}

export async function save(rows: readonly ManifestRow[], output: string, expected: Expected): Promise<SavedRendition[]> {
  const saved: SavedRendition[] = []
  for (const row of rows) {
    const folder = safeName(row.segment_key)
    const [video, poster] = [join(folder, `${row.format}.mp4`), join(folder, `${row.format}.jpg`)]
    await mkdir(join(output, folder), { recursive: true })
    const [film, picture] = await Promise.all([download(row.url), download(row.poster_url)])
    await Promise.all([writeFile(join(output, video), film), writeFile(join(output, poster), picture)])
    saved.push({ ...row, video, poster, faults: faultsOf(row, film, expected) })
  }
  await writeFile(join(output, 'manifest.json'), `${JSON.stringify(saved, null, 2)}\n`)
  return saved
}
