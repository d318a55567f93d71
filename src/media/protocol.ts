/** What the service and a compositor child say to each other: one job, one answer, both structured-cloned. */
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
import type { FileVerification } from '#src/contracts/provenance.ts'
import { Retryable, Terminal } from '#src/errors.ts'
import type { Signing } from './provenance/sign-file.ts'

/** Each kind of job: what goes in, what comes back. `parts` are temporary names beside the final ones. */
export interface Jobs {
  readonly compose: {
    input: {
      composition: Composition
      assets: AssetPaths
      files: ComposedFiles
      parts: ComposedFiles
      threads: number
      /** null: the files are not signed. */
      signing: Signing | null
    }
    output: ComposeResult
  }
  readonly still: {
    input: { composition: Composition; assets: AssetPaths; atSeconds: number; guides: boolean }
    output: Still
  }
  readonly measure: {
    input: { compositions: readonly Composition[]; assets: AssetPaths }
    output: readonly (readonly LayoutFinding[])[]
  }
  readonly storyboard: { input: { spec: StoryboardSpec; path: string; part: string }; output: void }
  readonly probe: { input: { path: string }; output: ClipFacts }
  readonly inspectImage: { input: { path: string }; output: { width: number; height: number; mediaType: string } }
  readonly verify: { input: { path: string; trusted: string | null }; output: FileVerification }
}
export type JobKind = keyof Jobs
export type Job = { [K in JobKind]: { readonly kind: K; readonly input: Jobs[K]['input'] } }[JobKind]

export type Fault =
  | { readonly name: 'Terminal'; readonly code: string; readonly message: string }
  | { readonly name: 'Retryable'; readonly message: string; readonly afterMs: number | undefined }

/** `rss` in bytes decides whether the child is kept. */
export type Answer = { readonly rss: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: Fault }
)

/** Unknown means retryable: a full disk is no fault of the clip. */
export function toFault(error: unknown): Fault {
  if (error instanceof Terminal) return { name: 'Terminal', code: error.code, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  return { name: 'Retryable', message, afterMs: error instanceof Retryable ? error.afterMs : undefined }
}

export function toError(fault: Fault): Terminal | Retryable {
  if (fault.name === 'Terminal') return new Terminal(fault.code, fault.message)
  return new Retryable(fault.message, fault.afterMs === undefined ? {} : { afterMs: fault.afterMs })
}
