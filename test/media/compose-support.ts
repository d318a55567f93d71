/** A small composition, so that rendering it takes a moment. */
import type { Composition, OutputFormat } from '#src/contracts/composition.ts'

export const smallFormat: OutputFormat = {
  id: 'test_9x16',
  width: 180,
  height: 320,
  fps: 30,
  safe_zone_px: { top: 48, bottom: 112, left: 10, right: 32 },
  video_kbps: null,
  constant_bitrate: false,
  loudness_lufs: -14,
  button_allowed: true,
  mirror_for_rtl: false,
  max_megabytes: null,
}

interface Options {
  readonly format?: OutputFormat
  readonly clips?: Composition['clips']
  readonly audio?: Composition['audio']
  readonly endCardSeconds?: number | null
  readonly overlays?: Composition['overlays']
}

/** Two seconds of clip `a`, without overlays, end card or sound unless asked for. */
export const compositionFor = (options: Options = {}): Composition => ({
  format: options.format ?? smallFormat,
  locale: 'en',
  clips: options.clips ?? [{ sha256: 'a', seconds: 2 }],
  audio: options.audio ?? { kind: 'none' },
  overlays: options.overlays ?? [],
  endCard: options.endCardSeconds
    ? { seconds: options.endCardSeconds, background: '#123456', text: 'Bakery Nord', logo: null }
    : null,
  label: { text: 'Made with AI' },
  brand: { fonts: { headline: 'Inter', body: 'Inter' }, colors: { text: '#ffffff', accent: '#f5a623' } },
})
