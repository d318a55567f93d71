/** Executes filter text: pictures in, frames out. Only in a compositor child. */
import { AVERROR_EOF, AVERROR_INVALIDDATA, AV_PIX_FMT_RGBA } from 'node-av/constants'
import { FFmpegError, FilterGraph, type FilterContext, Frame } from 'node-av/lib'
import { Terminal } from '#src/errors.ts'

export interface Picture {
  /** The `buffer@name` of the text. */
  readonly name: string
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
}

/** Frames of one sink, each given once; the taker frees it. */
export interface FrameSource {
  readonly sink: FilterContext
  next(): Promise<Frame | undefined>
}

export interface RunningGraph extends Disposable {
  frames(sink: string): FrameSource
  put(name: string, frame: Frame | null): Promise<void>
}

/** Damaged data stays damaged; anything else (memory, a missing file, a fault of the text) is no verdict on the clip. */
function check(code: number, doing: string): void {
  if (code >= 0) return
  if (code === AVERROR_INVALIDDATA) throw new Terminal('bad_clip', 'The clip is damaged: it cannot be decoded to its end.')
  FFmpegError.throwIfError(code, doing)
}

function find(graph: FilterGraph, name: string): FilterContext {
  const filter = graph.getFilter(name)
  if (!filter) throw new Error(`The graph has no "${name}".`)
  return filter
}

async function put(graph: FilterGraph, name: string, frame: Frame | null): Promise<void> {
  check(await find(graph, `buffer@${name}`).buffersrcAddFrame(frame), `Putting "${name}" into the graph`)
}

/** A picture is one frame and then the end of its stream; the text repeats it for as long as it is shown. */
async function putPicture(graph: FilterGraph, { name, width, height, rgba }: Picture): Promise<void> {
  const bytes = Buffer.from(rgba.buffer, rgba.byteOffset, rgba.byteLength)
  using frame = Frame.fromVideoBuffer(bytes, { width, height, format: AV_PIX_FMT_RGBA, pts: 0n })
  await put(graph, name, frame)
  await put(graph, name, null)
}

async function nextFrame(sink: FilterContext): Promise<Frame | undefined> {
  const frame = new Frame()
  frame.alloc()
  const code = await sink.buffersinkGetFrame(frame)
  if (code >= 0) return frame
  frame.free()
  if (code !== AVERROR_EOF) check(code, 'Reading the pictures')
  return undefined
}

/** @throws FFmpegError when a file in the text cannot be opened, Terminal `bad_clip` when what is in it is damaged */
export async function openGraph(text: string, pictures: readonly Picture[], threads: number): Promise<RunningGraph> {
  const graph = new FilterGraph()
  graph.alloc()
  try {
    graph.nbThreads = threads
    check(graph.parsePtr(text), 'Opening the media')
    check(await graph.config(), 'Connecting the filters')
    for (const picture of pictures) await putPicture(graph, picture)
  } catch (error) {
    graph.free()
    throw error
  }
  const frames = (name: string): FrameSource => {
    const sink = graph.getFilter(`abuffersink@${name}`) ?? find(graph, `buffersink@${name}`)
    return { sink, next: () => nextFrame(sink) }
  }
  return { frames, put: (name, frame) => put(graph, name, frame), [Symbol.dispose]: () => graph.free() }
}
