/** One rendition, from files to files: prepare → encode → finish → judge → rename. Only in a compositor child. */
import { rename } from 'node:fs/promises'
import type { AssetPaths, ComposeResult, Composition } from '#src/contracts/composition.ts'
import { Terminal } from '#src/errors.ts'
import { finish } from './compositor-finish.ts'
import { drawLayers } from './draw.ts'
import { encodeFile } from './encode.ts'
import { loudnessOf } from './encode-loudness.ts'
import { videoSettings } from './encode-settings.ts'
import { audioSink, gainFor, silentBelow } from './graph-audio.ts'
import { openGraph, type Picture } from './graph-run.ts'
import { endCardSource, layerSource, videoSink } from './graph-video.ts'
import { buildGraph, type Graphs } from './graph.ts'
import type { Layer } from './layers.ts'
import type { SignClaim } from './child-questions.ts'
import { signFiles } from './provenance/sign-file.ts'
import { probeClip, probeTrack } from './probe.ts'
import type { Jobs } from './protocol.ts'
import { belowFloor, type Figures, judge, reportOf } from './qa.ts'

type Input = Jobs['compose']['input']

interface Prepared {
  readonly graphs: Graphs
  readonly sources: readonly Layer[]
  readonly pictures: readonly Picture[]
  readonly findings: number
}

function pathOf(assets: AssetPaths, sha256: string): string {
  const path = assets[sha256]
  if (path === undefined) throw new Terminal('bad_media', `The file ${sha256} is not among the composition's files.`)
  return path
}

function picturesOf(sources: readonly Layer[], endCard: Uint8Array | null, { format }: Composition): Picture[] {
  const layers = sources.map((layer, index) => ({ ...layer, name: layerSource(index) }))
  const { width, height } = format
  return endCard ? [...layers, { name: endCardSource, width, height, rgba: endCard }] : layers
}

async function prepare({ composition, assets }: Input): Promise<Prepared> {
  const { clips: wanted, audio } = composition
  if (wanted.length === 0) throw new Terminal('bad_clip', 'The composition has no clip.')
  const clips = []
  for (const { sha256 } of wanted) clips.push(await probeClip(pathOf(assets, sha256)))
  const track = audio.kind === 'track' ? await probeTrack(pathOf(assets, audio.sha256)) : null
  const drawing = await drawLayers(composition, assets)
  const graphs = buildGraph({ composition, clips, track, layers: drawing.layers })
  const pictures = picturesOf(graphs.sources, drawing.endCard, composition)
  return { graphs, sources: graphs.sources, pictures, findings: drawing.findings.length }
}

/** Peaks that the limiter takes away make the result quieter than one gain promises: measured again and made up for, once. */
async function chooseGain(graphs: Graphs, target: number): Promise<number> {
  const measure = async (gainDb: number): Promise<number> => {
    const text = graphs.audio({ gainDb, measure: true })
    return text === null ? -Infinity : loudnessOf(text)
  }
  const gain = gainFor(await measure(0), target)
  if (gain <= 0) return gain
  const reached = await measure(gain)
  return reached > silentBelow && reached < target - 0.2 ? gain + Math.min(target - reached, 6) : gain
}

async function encode(prepared: Prepared, input: Input, options: { gainDb: number; filler: boolean }): Promise<void> {
  const { graphs, pictures } = prepared
  const { composition, parts, threads } = input
  const settings = videoSettings(composition.format, graphs.timeline.totalSeconds, { threads, filler: options.filler })
  const soundText = graphs.audio({ gainDb: options.gainDb, measure: false })
  using video = await openGraph(graphs.video, pictures, threads)
  using sound = soundText === null ? undefined : await openGraph(soundText, [], 1)
  await encodeFile({
    path: parts.video,
    video: { frames: video.frames(videoSink), settings },
    audio: sound?.frames(audioSink) ?? null,
  })
}

/** Encodes once, and once more with filler where the picture is too quiet for the format's smallest bitrate. */
async function produce(prepared: Prepared, input: Input): Promise<Figures> {
  const { format } = input.composition
  const gainDb = input.composition.audio.kind === 'none' ? 0 : await chooseGain(prepared.graphs, format.loudness_lufs)
  const once = async (filler: boolean) => {
    await encode(prepared, input, { gainDb, filler })
    return finish({ ...prepared, format, parts: input.parts, threads: input.threads })
  }
  const figures = await once(false)
  return belowFloor(figures, format) ? once(true) : figures
}

/**
 * Writes video, poster and preview under their temporary names and renames them last.
 * Signed last: whatever changed them afterwards would break the signature.
 * @throws Terminal `bad_clip`, `bad_media`, `qa_failed`; what `sign` throws
 */
export async function compose(input: Input, sign: SignClaim): Promise<ComposeResult> {
  const { composition, files, parts, signing } = input
  const prepared = await prepare(input)
  const figures = await produce(prepared, input)
  const { timeline } = prepared.graphs
  const fault = judge(figures, { format: composition.format, timeline, sound: composition.audio.kind !== 'none' })
  if (fault) throw new Terminal('qa_failed', fault)
  const signed = signing && (await signFiles(parts, input.assets, { ...signing, sign }))
  for (const name of ['poster', 'preview', 'video'] as const) await rename(parts[name], files[name])
  return {
    seconds: timeline.totalSeconds,
    width: figures.streams.width,
    height: figures.streams.height,
    qa: { ...reportOf(figures), findings: prepared.findings },
    signed,
  }
}
