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
  /** @param feed for graphs that are given more than one picture per source: called whenever the graph wants more */
  frames(sink: string, feed?: Feed): FrameSource
  /** @param picture null ends the stream */
  put(name: string, picture: Omit<Picture, 'name'> | null, pts: number): Promise<void>
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

const frameOf = ({ width, height, rgba }: Omit<Picture, 'name'>, pts: number): Frame =>
  Frame.fromVideoBuffer(Buffer.from(rgba.buffer, rgba.byteOffset, rgba.byteLength), {
    width,
    height,
    format: AV_PIX_FMT_RGBA,
    pts: BigInt(pts),
  })

async function put(graph: FilterGraph, name: string, picture: Omit<Picture, 'name'> | null, pts: number): Promise<void> {
  using frame = picture && frameOf(picture, pts)
  check(await find(graph, `buffer@${name}`).buffersrcAddFrame(frame), `Putting "${name}" into the graph`)
}

/** A picture is one frame and then the end of its stream; the text repeats it for as long as it is shown. */
async function putPicture(graph: FilterGraph, { name, width, height, rgba }: Picture): Promise<void> {
  await put(graph, name, { width, height, rgba }, 0)
  await put(graph, name, null, 0)
}

/** Puts in what comes next; the end of every stream after the last. */
export type Feed = () => Promise<void>

/** Some decoders answer damaged data with a bare -1, which reads as EPERM; files are opened long before, where it is real. */
const decoderGaveUp = -1

async function nextFrame(sink: FilterContext, feed: Feed | undefined): Promise<Frame | undefined> {
  const frame = new Frame()
  frame.alloc()
  for (;;) {
    const code = await sink.buffersinkGetFrame(frame)
    if (code >= 0) return frame
    if (feed && FFmpegError.fromCode(code)?.isEAGAIN) {
      await feed()
      continue
    }
    frame.free()
    if (code !== AVERROR_EOF) check(code === decoderGaveUp ? AVERROR_INVALIDDATA : code, 'Reading the pictures')
    return undefined
  }
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
  const frames = (name: string, feed?: Feed): FrameSource => {
    const sink = graph.getFilter(`abuffersink@${name}`) ?? find(graph, `buffersink@${name}`)
    return { sink, next: () => nextFrame(sink, feed) }
  }
  return { frames, put: (name, picture, pts) => put(graph, name, picture, pts), [Symbol.dispose]: () => graph.free() }
}
