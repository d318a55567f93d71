/** The port to all native media work; the pool of child processes behind it is pool.ts. */
import type {
  AssetPaths,
  ClipFacts,
  ComposedFiles,
  ComposeResult,
  Composition,
  LayoutFinding,
  Still,
  StoryboardSpec,
} from '#src/contracts/composition.ts'
import type { FileVerification, ProvenanceClaim } from '#src/contracts/provenance.ts'

interface Run {
  readonly signal?: AbortSignal
}

interface ComposeRun extends Run {
  /** What is signed into the files; without it they are not signed. */
  readonly claim?: ProvenanceClaim | undefined
}

/** All native media work, done in child processes: a clip that crashes a decoder ends a child, not the service. */
export interface Compositor {
  /** Writes the three files whole, or none. @throws Terminal for a faulty input, Retryable for a lost child */
  compose(composition: Composition, assets: AssetPaths, files: ComposedFiles, run?: ComposeRun): Promise<ComposeResult>
  /** The frame of a composition at a time, over a storyboard-like ground; `guides` draws the safe zone. */
  still(composition: Composition, assets: AssetPaths, options: { atSeconds: number; guides: boolean }, run?: Run): Promise<Still>
  /** What does not fit, for many compositions at once: the same code that draws. */
  measure(compositions: readonly Composition[], assets: AssetPaths, run?: Run): Promise<readonly (readonly LayoutFinding[])[]>
  storyboard(spec: StoryboardSpec, path: string, run?: Run): Promise<void>
  /** Opens a clip with every input guard. @throws Terminal `bad_clip` */
  probe(path: string, run?: Run): Promise<ClipFacts>
  /** Size of an image or what a font covers, from hostile bytes. @throws Terminal `bad_media` */
  inspectImage(path: string, run?: Run): Promise<{ width: number; height: number; mediaType: string }>
  /** What a file's C2PA manifest says, and whether it holds. Any file: never throws for what is in it. */
  verify(path: string, options: { readonly trusted: string | null }, run?: Run): Promise<FileVerification>
  close(): Promise<void>
}
