/** One frame of a composition as a picture, before there is a clip: overlays over a storyboard-like ground. */
import { createCanvas, ImageData, type SKRSContext2D } from '@napi-rs/canvas'
import type { Composition, OutputFormat, Still } from '#src/contracts/composition.ts'
import { drawLayers } from './draw.ts'
import { motionAt, travelPx } from './graph-motion.ts'
import { secondsIn } from './graph-text.ts'
import { type Timeline, timelineOf } from './graph-timeline.ts'
import { clampLayer } from './graph-video.ts'
import { labelIndex, type Layer } from './layers.ts'
import type { Jobs } from './protocol.ts'
import { sceneOf } from './storyboard-scene.ts'

const jpegQuality = 85

interface Frame {
  readonly context: SKRSContext2D
  readonly format: OutputFormat
  readonly timeline: Timeline
  readonly seconds: number
}

function picture(rgba: Uint8Array, width: number, height: number) {
  const canvas = createCanvas(width, height)
  const pixels = new Uint8ClampedArray(rgba.buffer as ArrayBuffer, rgba.byteOffset, rgba.byteLength)
  canvas.getContext('2d').putImageData(new ImageData(pixels, width, height), 0, 0)
  return canvas
}

/** Equal overlays get an equal ground, so that two previews can be compared. */
function drawGround({ context, format, timeline, seconds }: Frame, { overlays }: Composition): void {
  const prompt = overlays.map((overlay) => overlay.kind).join(' ')
  sceneOf({ prompt, seed: 0 }).draw(context, format, Math.min(1, seconds / Math.max(1, timeline.bodySeconds)))
}

function drawLayer({ context, format, timeline, seconds }: Frame, layer: Layer): void {
  const placed = clampLayer(layer, timeline)
  if (!placed) return
  const { opacity, dx, dy } = motionAt(placed, seconds, travelPx(format))
  if (opacity === 0) return
  context.globalAlpha = opacity
  context.drawImage(picture(layer.rgba, layer.width, layer.height), Math.round(layer.x + dx), Math.round(layer.y + dy))
  context.globalAlpha = 1
}

function drawEndCard({ context, format, timeline, seconds }: Frame, endCard: Uint8Array | null): void {
  const blend = (seconds - timeline.bodySeconds) / Math.max(1e-6, secondsIn(timeline.crossfade, timeline.rate))
  if (!endCard || blend <= 0) return
  context.globalAlpha = Math.min(1, blend)
  context.drawImage(picture(endCard, format.width, format.height), 0, 0)
  context.globalAlpha = 1
}

/** What platforms cover with their own controls, shaded; the safe zone outlined. */
function drawGuides({ context, format: { width, height, safe_zone_px: safe } }: Frame): void {
  const [x, y] = [safe.left, safe.top]
  const [w, h] = [width - safe.left - safe.right, height - safe.top - safe.bottom]
  context.fillStyle = 'rgba(220, 38, 38, 0.22)'
  context.beginPath()
  context.rect(0, 0, width, height)
  context.rect(x, y, w, h)
  context.fill('evenodd')
  context.strokeStyle = 'rgba(255, 255, 255, 0.9)'
  context.lineWidth = Math.max(2, Math.min(width, height) / 270)
  context.setLineDash([context.lineWidth * 5, context.lineWidth * 4])
  context.strokeRect(x, y, w, h)
}

/** Any second outside the video shows its first or last frame. */
const clampSeconds = (seconds: number, { totalSeconds, rate }: Timeline): number =>
  Math.max(0, Math.min(seconds, totalSeconds - secondsIn(1, rate)))

/** @throws Terminal `bad_media` for an image that cannot be drawn */
export async function still({ composition, assets, atSeconds, guides }: Jobs['still']['input']): Promise<Still> {
  const { format } = composition
  const drawing = await drawLayers(composition, assets)
  const canvas = createCanvas(format.width, format.height)
  const timeline = timelineOf(composition)
  const frame: Frame = { context: canvas.getContext('2d'), format, timeline, seconds: clampSeconds(atSeconds, timeline) }
  drawGround(frame, composition)
  for (const layer of drawing.layers) if (layer.overlay !== labelIndex) drawLayer(frame, layer)
  drawEndCard(frame, drawing.endCard)
  for (const layer of drawing.layers) if (layer.overlay === labelIndex) drawLayer(frame, layer)
  if (guides) drawGuides(frame)
  return { jpeg: await canvas.encode('jpeg', jpegQuality), findings: drawing.findings }
}
