/** The sound: the clips' own or one track, 48 kHz stereo, exactly as long as the picture. Text only. */
import type { Composition } from '#src/contracts/composition.ts'
import { decimal, escapeValue, secondsIn } from './graph-text.ts'
import type { Timeline } from './graph-timeline.ts'
import type { OpenedClip } from './probe.ts'

export const audioSink = 'audio'
export const sampleRate = 48_000
/** Samples that AAC takes at a time; the last piece may be shorter. */
export const encoderFrame = 1024
/** Peaks stay under -1 dBFS, so that the players' lossy decoders do not clip. */
const peak = 0.891

/** Stereo first: mono into a resampler and a loudness filter fails in some FFmpeg releases. */
const plain = `aformat=sample_fmts=fltp:sample_rates=${sampleRate}:channel_layouts=stereo`
const exactly = (seconds: number) => `apad=whole_dur=${decimal(seconds)},atrim=end=${decimal(seconds)},asetpts=N/SR/TB`
const silence = (seconds: number) => `anullsrc=r=${sampleRate}:cl=stereo,${plain},atrim=end=${decimal(seconds)}`
const open = (source: { path: string; container: string }) =>
  `amovie=filename=${escapeValue(source.path)}:format_name=${source.container},asetpts=PTS-STARTPTS,${plain}`

function clipSound(clip: OpenedClip, seconds: number): string {
  return clip.hasAudio ? `${open(clip)},${exactly(seconds)}` : silence(seconds)
}

function clipsSound(clips: readonly OpenedClip[], timeline: Timeline): string {
  const chains = clips.map((clip, i) => `${clipSound(clip, secondsIn(timeline.clips[i]!, timeline.rate))}[sound${i}]`)
  const join = `${clips.map((_, i) => `[sound${i}]`).join('')}concat=n=${clips.length}:v=0:a=1[sound]`
  return [...chains, join].join(';\n')
}

/** The clip's sound leaves with its picture; a track runs under the end card and leaves with the video. */
function ending(kind: 'clip' | 'track', timeline: Timeline): string {
  const fade = Math.min(0.4, timeline.totalSeconds / 4)
  const end = kind === 'clip' ? secondsIn(timeline.body + timeline.crossfade, timeline.rate) : timeline.totalSeconds
  return `afade=t=out:st=${decimal(Math.max(0, end - fade))}:d=${decimal(fade)},${exactly(timeline.totalSeconds)}`
}

/** @param gainDb null leaves the level alone and puts the measure at the end (`lavfi.r128.I` of the last frame) */
function level(gainDb: number | null): string {
  if (gainDb === null) return 'ebur128=metadata=1'
  return gainDb === 0 ? 'anull' : `volume=${decimal(gainDb)}dB,alimiter=limit=${peak}:level=0:latency=1,${plain}`
}

interface AudioGraph {
  readonly audio: Composition['audio']
  readonly clips: readonly OpenedClip[]
  readonly track: { readonly path: string; readonly container: string } | null
  readonly timeline: Timeline
  /** Applied before the level is measured or written. */
  readonly gainDb: number
  readonly measure: boolean
}

/** @returns null where the file shall have no audio stream */
export function audioGraph({ audio, clips, track, timeline, gainDb, measure }: AudioGraph): string | null {
  if (audio.kind === 'none') return null
  const source =
    audio.kind === 'track' && track
      ? `${open(track)},atrim=end=${decimal(timeline.totalSeconds)}[sound]`
      : clipsSound(clips, timeline)
  const steps = [ending(audio.kind, timeline), level(gainDb), ...(measure ? [level(null)] : [])]
  return `${source};\n[sound]${steps.join(',')},aformat=sample_fmts=fltp,asetnsamples=n=${encoderFrame}:p=0,abuffersink@${audioSink}`
}

/** Loudness in LUFS of what is taken for silence: no gain makes it heard. */
export const silentBelow = -60
/** A whisper is not blown up to a shout with its noise. */
const mostGainDb = 20

/** One gain for the whole sound. @param lufs measured; -Infinity or NaN for digital silence */
export function gainFor(lufs: number, target: number): number {
  if (!(lufs > silentBelow)) return 0
  return Math.min(target - lufs, mostGainDb)
}
