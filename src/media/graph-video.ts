/** The picture: clips cut to the frame and joined, overlays, end card, label. Text only; graph-run.ts executes it. */
import type { Composition, OutputFormat } from '#src/contracts/composition.ts'
import { fadeFilters, placeExpression, travelPx } from './graph-motion.ts'
import { decimal, escapeValue, framesIn, held, pictureSource, rateText, secondsIn, toBt709 } from './graph-text.ts'
import type { Timeline } from './graph-timeline.ts'
import { labelIndex, type Layer } from './layers.ts'
import type { OpenedClip } from './probe.ts'

/** A layer as the graph needs it: everything but its pixels. */
export type PlacedLayer = Omit<Layer, 'rgba'>
export const endCardSource = 'card'
export const layerSource = (index: number): string => `layer${index}`
export const videoSink = 'video'

const even = (value: number): number => Math.floor(value / 2) * 2

/** Quarter turns that undo what the file's display matrix asks for; `movie` does not apply it. */
const turns: Readonly<Record<number, string>> = { 90: 'transpose=clock,', 180: 'hflip,vflip,', 270: 'transpose=cclock,' }

/** The largest middle part of a picture that has the frame's shape. Cut before scaling: a 16:9 clip for 9:16 keeps a third. */
export function coverCrop(clip: Pick<OpenedClip, 'width' | 'height' | 'pixelAspect'>, frame: { width: number; height: number }) {
  const wanted = frame.width / frame.height / clip.pixelAspect
  const wide = clip.width / clip.height > wanted
  const width = wide ? Math.max(2, even(clip.height * wanted)) : even(clip.width)
  const height = wide ? even(clip.height) : Math.max(2, even(clip.width / wanted))
  return { width, height, x: even((clip.width - width) / 2), y: even((clip.height - height) / 2) }
}

/**
 * One clip as `frames` frames in the frame's size: a short clip holds its last picture. Scaled before the rate is
 * changed, so that a repeated frame is not scaled twice.
 */
function clipChain(clip: OpenedClip, format: OutputFormat, frames: number, { rate }: Timeline): string {
  const crop = coverCrop(clip, format)
  const untouched = crop.width === clip.width && crop.height === clip.height
  return [
    `movie=filename=${escapeValue(clip.path)}:format_name=${clip.container}:dec_threads=1`,
    `${turns[clip.rotation] ?? ''}setpts=PTS-STARTPTS`,
    ...(untouched ? [] : [`crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}`]),
    `scale=${format.width}:${format.height}:flags=bicubic:${toBt709}`,
    'format=yuv420p',
    'setsar=1',
    `fps=${rateText(rate)}`,
    'tpad=stop_mode=clone:stop=-1',
    `trim=end_frame=${frames}`,
  ].join(',')
}

function baseChains(clips: readonly OpenedClip[], format: OutputFormat, timeline: Timeline): string[] {
  const chains = clips.map((clip, index) => `${clipChain(clip, format, timeline.clips[index]!, timeline)}[clip${index}]`)
  const joined = clips.map((_, index) => `[clip${index}]`).join('')
  return [...chains, clips.length === 1 ? '[clip0]null[base]' : `${joined}concat=n=${clips.length}:v=1:a=0[base]`]
}

/**
 * What lasts until the end card is blended out with the clip under it, unless it slides away before.
 * The label alone goes on over the end card.
 */
export function clampLayer(layer: PlacedLayer, timeline: Timeline): PlacedLayer | undefined {
  const isLabel = layer.overlay === labelIndex
  const end = isLabel ? timeline.totalSeconds : timeline.bodySeconds
  const from = Math.max(0, layer.from)
  const to = Math.min(layer.to, end)
  if (to - from < secondsIn(1, timeline.rate)) return undefined
  const lasts = !isLabel && layer.to >= end && timeline.crossfade > 0 && (layer.exit === 'none' || layer.exit === 'fade')
  return lasts
    ? { ...layer, from, to: secondsIn(timeline.body + timeline.crossfade, timeline.rate), exit: 'none' }
    : { ...layer, from, to }
}

/** Converted to the video's pixel format once, then repeated: the costly step is not per frame. */
function layerChain(layer: PlacedLayer, index: number, { rate }: Timeline): string {
  const start = framesIn(layer.from, rate)
  const frames = Math.max(1, framesIn(layer.to, rate) - start)
  return [
    pictureSource(layerSource(index), layer, rate),
    `scale=${toBt709}`,
    'format=yuva420p',
    held(frames),
    ...fadeFilters(layer),
    `setpts=PTS+${start}[over${index}]`,
  ].join(',')
}

function overlayStep(layer: PlacedLayer, index: number, input: string, output: string, format: OutputFormat): string {
  const distance = travelPx(format)
  const x = placeExpression(layer, 'x', layer.x, distance)
  const y = placeExpression(layer, 'y', layer.y, distance)
  return `[${input}][over${index}]overlay=x=${x}:y=${y}:format=yuv420:eof_action=pass[${output}]`
}

function cardChains(format: OutputFormat, { rate, body, card, crossfade }: Timeline): string[] {
  const still = `${pictureSource(endCardSource, format, rate)},scale=${toBt709},format=yuv420p,${held(card)}[card]`
  const blend = `xfade=transition=fade:duration=${decimal(secondsIn(crossfade, rate))}:offset=${decimal(secondsIn(body, rate))}`
  return [still, `[shown][card]${blend}[carded]`]
}

interface VideoGraph {
  readonly composition: Composition
  readonly clips: readonly OpenedClip[]
  /** Already clamped, in drawing order; index = number of the picture source. */
  readonly layers: readonly PlacedLayer[]
  readonly timeline: Timeline
}

export function videoGraph({ composition: { format }, clips, layers, timeline }: VideoGraph): string {
  const chains = baseChains(clips, format, timeline)
  let at = 'base'
  const put = (wanted: (layer: PlacedLayer) => boolean) =>
    layers.forEach((layer, index) => {
      if (!wanted(layer)) return
      chains.push(layerChain(layer, index, timeline), overlayStep(layer, index, at, `with${index}`, format))
      at = `with${index}`
    })
  put((layer) => layer.overlay !== labelIndex)
  if (timeline.card > 0) {
    chains.push(`[${at}]null[shown]`, ...cardChains(format, timeline))
    at = 'carded'
  }
  put((layer) => layer.overlay === labelIndex)
  chains.push(
    `[${at}]format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,buffersink@${videoSink}`,
  )
  return chains.join(';\n')
}
