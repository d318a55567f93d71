/** The loudness of a graph's sound (EBU R128, integrated). Only in a compositor child. */
import { audioSink } from './graph-audio.ts'
import { openGraph } from './graph-run.ts'

/** @param text a graph that ends in ebur128 with metadata. @returns LUFS, -Infinity for digital silence */
export async function loudnessOf(text: string): Promise<number> {
  using graph = await openGraph(text, [], 1)
  const frames = graph.frames(audioSink)
  let measured = Number.NaN
  for (let frame = await frames.next(); frame; frame = await frames.next()) {
    const value = frame.getMetadata().get('lavfi.r128.I')
    if (value !== null) measured = Number(value)
    frame.free()
  }
  return Number.isFinite(measured) ? measured : -Infinity
}
