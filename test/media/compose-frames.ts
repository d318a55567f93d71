/** Frames of a finished file, decoded apart from the code under test as far as that is possible. */
import { openGraph } from '#src/media/graph-run.ts'
import { escapeValue } from '#src/media/graph-text.ts'

/** @param numbers frame numbers, ascending. @param convert filters that end in a packed pixel format */
export async function framesOf(path: string, numbers: readonly number[], convert: string): Promise<readonly Buffer[]> {
  const wanted = numbers.map((number) => String.raw`eq(n\,${number})`).join('+')
  using graph = await openGraph(`movie=filename=${escapeValue(path)},select=${wanted},${convert},buffersink@out`, [], 1)
  const frames = graph.frames('out')
  const found: Buffer[] = []
  for (let frame = await frames.next(); frame; frame = await frames.next()) {
    found.push(frame.toBuffer())
    frame.free()
  }
  return found
}
