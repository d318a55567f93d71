/**
 * Debian's tesseract reads the sample campaign's headlines off the poster frames of finished videos over storyboard
 * clips. The posters are prepared as for any text recognition: cropped to the headline, scaled, grey, dark on light.
 */
import '#test/media/fonts-setup.ts'
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Composition } from '#src/contracts/composition.ts'
import type { PlanContext, VariantTexts } from '#src/domain/campaign/types.ts'
import { compositionOf } from '#src/domain/expansion/composition.ts'
import { createExpander } from '#src/domain/expansion/expand.ts'
import { builtInFormats } from '#src/domain/format/rules.ts'
import { checkTemplate } from '#src/domain/template/rules.ts'
import { type Compositor, createCompositor } from '#src/media/index.ts'
import { layout } from '#src/media/layout.ts'
import { charactersRead } from './legibility-score.ts'

const run = promisify(execFile)
const sample = new URL('../../src/demo/sample/', import.meta.url)

/** Of the locale's language. Portuguese is read as Spanish where its data is not installed: the letters are the same. */
const languages = {
  en: ['eng'],
  de: ['deu'],
  fr: ['fra'],
  es: ['spa'],
  pt: ['por', 'spa'],
  ar: ['ara'],
  hi: ['hin'],
  th: ['tha'],
  ja: ['jpn'],
  zh: ['chi_sim'],
  ko: ['kor'],
} as const
type Language = keyof typeof languages

const installed = spawnSync('tesseract', ['--list-langs'], { encoding: 'utf8' }).stdout?.split('\n') ?? []
const readerOf = (language: Language): string | undefined => languages[language].find((name) => installed.includes(name))
const readable = (Object.keys(languages) as Language[]).filter((language) => readerOf(language) !== undefined)
const leftOut = (Object.keys(languages) as Language[]).filter((language) => readerOf(language) === undefined)

interface Segment {
  readonly key: string
  readonly locale: string
  readonly [column: string]: string
}

const languageOf = ({ locale }: Segment) => locale.slice(0, 2) as Language
const formatIds = ['reels_9x16', 'square_1x1', 'instream_16x9'] as const
const seconds = 2
/** A poster is one frame: fewer of them are the same picture sooner. */
const fps = 5
const logoFile = new URL('logo.png', sample).pathname
const logo = { id: 'med_logo', sha256: 'a'.repeat(64), file_id: 'fil_logo', object_key: 'logo', media_type: 'image/png' }

let folder: string
let compositor: Compositor
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spotsmith-legibility-'))
  compositor = createCompositor({ processes: 2, tempDir: join(folder, 'children') })
})
afterAll(async () => {
  await compositor.close()
  await rm(folder, { recursive: true, force: true })
})

/** The sample's template in half the time and without its end card: what the poster shows is the same. */
async function sampleCampaign() {
  const text = await readFile(new URL('template.json', sample), 'utf8')
  const halved = JSON.parse(text.replaceAll('file:logo.png', logo.id), (key, value) =>
    key === 'from' || key === 'to' ? value / 2 : value,
  )
  const checked = checkTemplate(
    { ...halved, clip: { ...halved.clip, seconds, audio: 'none' }, end_card: null },
    { formats: builtInFormats, pointer: '' },
  )
  if ('errors' in checked) throw new Error(JSON.stringify(checked.errors))
  const segments: Segment[] = parse(await readFile(new URL('segments.csv', sample)), { columns: true })
  return { template: checked.template, segments }
}

type Campaign = Awaited<ReturnType<typeof sampleCampaign>>

function contextOf({ template }: Campaign): PlanContext {
  const formats = Object.fromEntries(formatIds.map((id) => [id, { ...builtInFormats.get(id)!, fps }]))
  return { template, formats, media: { [logo.id]: logo }, models: [], aspects: {} }
}

function copyOf({ template }: Campaign, { key, locale, ...attributes }: Segment): { prompt: string; texts: VariantTexts } {
  const price = Number(attributes['price'])
  const expanded = createExpander(template).expand({ key, locale, attributes: { ...attributes, price } })
  if (expanded.status === 'invalid') throw new Error(JSON.stringify(expanded.errors))
  return expanded
}

const clips = new Map<string, Promise<string>>()
/** One clip for each prompt and shape, as in a campaign. */
function clipOf(prompt: string, { width, height }: Composition['format']): Promise<string> {
  const path = join(folder, `${createHash('sha256').update(`${prompt} ${width} ${height}`).digest('hex')}.mp4`)
  const clip =
    clips.get(path) ??
    compositor.storyboard({ prompt, seconds, width, height, fps, audio: false, seed: 0 }, path).then(() => path)
  clips.set(path, clip)
  return clip
}

async function posterOf(composition: Composition, prompt: string, name: string): Promise<string> {
  const file = (kind: string) => join(folder, `${name}-${kind}`)
  const files = { video: file('video.mp4'), poster: file('poster.jpg'), preview: file('preview.mp4') }
  const clip = await clipOf(prompt, composition.format)
  await compositor.compose(composition, { clip, [logo.sha256]: logoFile }, files)
  return files.poster
}

const readPx = 40
/** The part of the poster where the layout put the headline, dark on light, its letters as large as readers like them. */
async function prepared(poster: string, composition: Composition): Promise<string> {
  const image = await loadImage(logoFile)
  const { item, box } = layout(composition, new Map([[logo.sha256, image]])).placed[0]!
  if (item.content.kind !== 'text') throw new Error('The first overlay of the sample is its headline.')
  const { sizePx } = item.content.block
  const [quiet, scale] = [Math.round(sizePx * 0.3), readPx / sizePx]
  const [width, height] = [box.width + 2 * quiet, box.height + 2 * quiet]
  const canvas = createCanvas(Math.round(width * scale), Math.round(height * scale))
  const context = canvas.getContext('2d')
  context.filter = 'grayscale(1) invert(1)'
  context.imageSmoothingQuality = 'high'
  context.drawImage(await loadImage(poster), box.x - quiet, box.y - quiet, width, height, 0, 0, canvas.width, canvas.height)
  const path = poster.replace('.jpg', '.png')
  await writeFile(path, await canvas.encode('png'))
  return path
}

async function read(picture: string, language: Language): Promise<string> {
  const env = { PATH: process.env['PATH'], OMP_THREAD_LIMIT: '1' }
  const { stdout } = await run('tesseract', [picture, '-', '-l', readerOf(language)!, '--psm', '6'], { env })
  return stdout
}

/** Ten seconds on two idle cores, but the machine may be busy. */
const timeoutMs = 150_000

it(`has a reader for every language of the sample${leftOut.length > 0 ? ` (left out here: ${leftOut.join(', ')})` : ''}`, () => {
  // In CI nothing is left out.
  expect({ leftOut, allowed: !process.env['CI'] || leftOut.length === 0 }).toMatchObject({ allowed: true })
})

describe.runIf(readable.length > 0)('headlines of the sample campaign on finished posters', () => {
  it(
    'are read in every script: 90 % of the characters of each',
    async () => {
      const campaign = await sampleCampaign()
      const context = contextOf(campaign)
      const segments = campaign.segments.filter((segment) => readable.includes(languageOf(segment)))
      const posters = segments.map((segment, index) => ({ segment, format: formatIds[index % formatIds.length]! }))
      const results = await Promise.all(
        posters.map(async ({ segment, format }) => {
          const { prompt, texts } = copyOf(campaign, segment)
          const { locale, key } = segment
          const composition = compositionOf({ context, texts, locale, format, clips: [{ sha256: 'clip', seconds }] })
          const picture = await prepared(await posterOf(composition, prompt, `${key}-${format}`), composition)
          const headline = texts.overlays[0]!
          const seen = await read(picture, languageOf(segment))
          return { poster: `${key} ${format}`, headline, seen, share: charactersRead(headline, seen) }
        }),
      )
      expect(results.filter(({ share }) => share < 0.9)).toEqual([])
    },
    timeoutMs,
  )
})
