/** Opens the finished file once: preview, poster and the figures of the gate come out of the same decode. */
import { writeFile } from 'node:fs/promises'
import { createCanvas, ImageData } from '@napi-rs/canvas'
import type { ComposedFiles, OutputFormat } from '#src/contracts/composition.ts'
import { encodeFile } from './encode.ts'
import { loudnessOf } from './encode-loudness.ts'
import { previewSettings, previewSize } from './encode-settings.ts'
import { openGraph, type FrameSource, type RunningGraph } from './graph-run.ts'
import { audioSink } from './graph-audio.ts'
import { escapeValue, rateOf, rateText, secondsIn } from './graph-text.ts'
import type { PlacedLayer } from './graph-video.ts'
import type { Graphs } from './graph.ts'
import type { Layer } from './layers.ts'
import { checkFrames, posterFrame } from './poster.ts'
import { createLook, differenceInside, type Rgba } from './qa-look.ts'
import { readStreams } from './qa-streams.ts'
import type { Figures } from './qa.ts'

const previewSeconds = 4
const posterQuality = 88
/** Half the rate of a usual format: a thumbnail that moves. */
const previewFps = ({ fps }: OutputFormat): number => Math.min(fps, 30) / 2

interface Finished {
  readonly format: OutputFormat
  readonly graphs: Graphs
  /** With their pixels, as many and in the same order as `graphs.layers`. */
  readonly sources: readonly Layer[]
  readonly parts: ComposedFiles
  readonly threads: number
}

function finishGraph({ format, parts, threads }: Finished, stills: readonly number[]): string {
  const preview = previewSize(format)
  const wanted = stills.map((frame) => String.raw`eq(n\,${frame})`).join('+')
  return [
    `movie=filename=${escapeValue(parts.video)}:format_name=mov:dec_threads=${threads},split=3[a][b][c]`,
    // Luma as it is stored: a conversion to grey may or may not stretch 16…235.
    `[a]scale=${Math.ceil(format.width / 8)}:${Math.ceil(format.height / 8)}:flags=fast_bilinear,format=yuv420p,extractplanes=y,buffersink@look`,
    `[b]select=${wanted},format=rgba,buffersink@still`,
    `[c]trim=end=${previewSeconds},fps=${rateText(rateOf(previewFps(format)))},scale=${preview.width}:${preview.height}:flags=fast_bilinear,format=yuv420p,buffersink@preview`,
  ].join(';\n')
}

async function lookAt(frames: FrameSource, frameSeconds: number) {
  const look = createLook(frameSeconds)
  for (let frame = await frames.next(); frame; frame = await frames.next()) {
    look.see(frame.toBuffer())
    frame.free()
  }
  return look.result()
}

/** Whole frames as RGBA, by frame number. */
async function takeStills(frames: FrameSource, numbers: readonly number[]): Promise<ReadonlyMap<number, Rgba>> {
  const stills = new Map<number, Rgba>()
  for (const number of numbers) {
    const frame = await frames.next()
    if (!frame) break
    stills.set(number, { x: 0, y: 0, width: frame.width, height: frame.height, rgba: frame.toBuffer() })
    frame.free()
  }
  return stills
}

function overlayDifference({ graphs, sources }: Finished, checks: readonly number[], stills: ReadonlyMap<number, Rgba>): number {
  const differences = sources.map((source, index) => {
    const frame = stills.get(checks[index]!)
    const seconds = secondsIn(checks[index]!, graphs.timeline.rate)
    const isShown = ({ from, to }: PlacedLayer) => from <= seconds && to > seconds
    const above = sources.filter((_, at) => at > index && isShown(graphs.layers[at]!))
    return (frame && differenceInside(frame, source, above)) ?? 0
  })
  return Math.max(0, ...differences)
}

async function writePoster(path: string, still: Rgba | undefined): Promise<void> {
  if (!still) throw new Error('The finished video has no frame for the poster.')
  const canvas = createCanvas(still.width, still.height)
  const pixels = new Uint8ClampedArray(still.rgba.buffer as ArrayBuffer, still.rgba.byteOffset, still.rgba.byteLength)
  canvas.getContext('2d').putImageData(new ImageData(pixels, still.width, still.height), 0, 0)
  await writeFile(path, await canvas.encode('jpeg', posterQuality))
}

const writePreview = (graph: RunningGraph, { format, parts }: Finished): Promise<void> =>
  encodeFile({
    path: parts.preview,
    video: { frames: graph.frames('preview'), settings: previewSettings(previewFps(format)) },
    audio: null,
  })

const finishedLoudness = (path: string): Promise<number> =>
  loudnessOf(
    `amovie=filename=${escapeValue(path)}:format_name=mov,aformat=channel_layouts=stereo,ebur128=metadata=1,abuffersink@${audioSink}`,
  )

/** Writes poster and preview and measures the video. @returns the figures for qa.ts */
export async function finish(finished: Finished): Promise<Figures> {
  const { graphs, parts } = finished
  const poster = posterFrame(graphs.layers, graphs.timeline)
  const checks = checkFrames(graphs.layers, graphs.timeline, poster)
  const numbers = [...new Set([poster, ...checks])].sort((a, b) => a - b)
  using graph = await openGraph(finishGraph(finished, numbers), [], finished.threads)
  const look = await lookAt(graph.frames('look'), secondsIn(1, graphs.timeline.rate))
  const stills = await takeStills(graph.frames('still'), numbers)
  await writePoster(parts.poster, stills.get(poster))
  await writePreview(graph, finished)
  const streams = await readStreams(parts.video)
  const loudness = streams.audio ? await finishedLoudness(parts.video) : null
  return { streams, look, loudness, overlayDifference: overlayDifference(finished, checks, stills) }
}
