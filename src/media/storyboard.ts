/** Renders the storyboard of a prompt: a playable animatic, equal bytes for equal specs. Only in a compositor child. */
import { rename } from 'node:fs/promises'
import { createCanvas } from '@napi-rs/canvas'
import type { StoryboardSpec } from '#src/contracts/composition.ts'
import { encodeFile } from './encode.ts'
import type { VideoSettings } from './encode-settings.ts'
import { audioSink } from './graph-audio.ts'
import { openGraph, type RunningGraph } from './graph-run.ts'
import { framesIn, pictureSource, rateOf, secondsIn, toBt709, type Rate } from './graph-text.ts'
import { videoSink } from './graph-video.ts'
import type { Jobs } from './protocol.ts'
import { type Strip, stripsOf } from './storyboard-bands.ts'
import { sceneOf } from './storyboard-scene.ts'
import { soundGraph } from './storyboard-sound.ts'
import { captionsOf, drawCaption, drawHead } from './storyboard-writing.ts'

/** The scene is soft and moves: drawn small and enlarged it looks the same and costs a ninth. Writing is drawn at full size. */
const groundScale = 1 / 3
const smallestGround = 160

const settings = (fps: number): VideoSettings => ({
  fps,
  // Fixed: another number of threads gives other bytes.
  threads: 2,
  options: {
    preset: 'superfast',
    profile: 'high',
    crf: '23',
    g: String(Math.round(2 * fps)),
    sc_threshold: '0',
    // Without mbtree: its AVX-512 code gives other bytes now and then for equal pictures.
    'x264-params': 'partitions=i8x8,i4x4:me=dia:mbtree=0',
  },
})

interface Size {
  readonly width: number
  readonly height: number
}

function groundSize({ width, height }: Size): Size {
  const scale = Math.min(1, Math.max(groundScale, smallestGround / Math.min(width, height)))
  return { width: Math.ceil(width * scale), height: Math.ceil(height * scale) }
}

function storyboardGraph(size: Size, strips: { head: Strip; foot: Strip }, rate: Rate): string {
  const strip = (name: string, one: Strip) => `${pictureSource(name, one, rate)},scale=${toBt709},format=yuva420p[${name}]`
  return [
    `${pictureSource('ground', groundSize(size), rate)},scale=${size.width}:${size.height}:flags=bilinear:${toBt709},format=yuv420p[scene]`,
    strip('head', strips.head),
    strip('foot', strips.foot),
    `[scene][head]overlay=x=0:y=${strips.head.y}:format=yuv420[marked]`,
    `[marked][foot]overlay=x=0:y=${strips.foot.y}:format=yuv420,format=yuv420p,buffersink@${videoSink}`,
  ].join(';\n')
}

/** Draws and puts in one frame per call, then ends the streams. */
function feeder(graph: RunningGraph, spec: StoryboardSpec, strips: { head: Strip; foot: Strip }, rate: Rate) {
  const total = Math.max(1, framesIn(spec.seconds, rate))
  const ground = groundSize(spec)
  const context = createCanvas(ground.width, ground.height).getContext('2d')
  const scene = sceneOf(spec)
  const captions = captionsOf(spec.prompt, strips.foot, spec.seconds).map((caption) => drawCaption(strips.foot, caption))
  const blank = new Uint8Array(strips.foot.width * strips.foot.height * 4)
  let frame = 0
  return async (): Promise<void> => {
    if (frame >= total) {
      for (const name of ['ground', 'head', 'foot']) await graph.put(name, null, frame)
      return
    }
    scene.draw(context, ground, frame / total)
    const { data } = context.getImageData(0, 0, ground.width, ground.height)
    const rgba = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    await graph.put('ground', { ...ground, rgba }, frame)
    await graph.put('head', { ...strips.head, rgba: drawHead(strips.head, frame, secondsIn(frame, rate)) }, frame)
    await graph.put('foot', { ...strips.foot, rgba: captions[Math.floor((frame / total) * captions.length)] ?? blank }, frame)
    frame++
  }
}

/** @throws whatever writing a file throws; a spec that a storyboard cannot show does not exist */
export async function renderStoryboard({ spec, path, part }: Jobs['storyboard']['input']): Promise<void> {
  const size = { ...spec, width: Math.floor(spec.width / 2) * 2, height: Math.floor(spec.height / 2) * 2 }
  const rate = rateOf(spec.fps)
  const strips = stripsOf(size)
  using graph = await openGraph(storyboardGraph(size, strips, rate), [], 1)
  using sound = spec.audio ? await openGraph(soundGraph(spec.prompt, spec.seed, spec.seconds), [], 1) : undefined
  await encodeFile({
    path: part,
    video: { frames: graph.frames(videoSink, feeder(graph, size, strips, rate)), settings: settings(spec.fps) },
    audio: sound?.frames(audioSink) ?? null,
  })
  await rename(part, path)
}
