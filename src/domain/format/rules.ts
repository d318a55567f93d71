/** Formats: output geometry, encoding and limits of a channel. Data (formats.json), overridable per workspace. */
import { z } from 'zod'
import builtIn from './formats.json' with { type: 'json' }

const pixels = z.number().int().min(0).max(4096)

export const formatSchema = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9_]{0,63}$/, 'An id has lower-case letters, digits and underscores, 64 at most.'),
  width: z.number().int().min(128).max(4096).multipleOf(2),
  height: z.number().int().min(128).max(4096).multipleOf(2),
  fps: z.number().min(10).max(60),
  safe_zone_px: z.object({ top: pixels, bottom: pixels, left: pixels, right: pixels }),
  seconds: z.object({ min: z.number().min(0), max: z.number().min(0) }).nullable(),
  exact_seconds: z.array(z.number()).nullable(),
  max_megabytes: z.number().positive().nullable(),
  video_kbps: z.object({ min: z.number().optional(), target: z.number().optional(), max: z.number().optional() }).nullable(),
  constant_bitrate: z.boolean(),
  loudness_lufs: z.number().min(-40).max(-5),
  button_allowed: z.boolean(),
  mirror_for_rtl: z.boolean(),
  source: z.string(),
  checked_at: z.string(),
  confidence: z.string(),
  note: z.string().optional(),
})

export type Format = z.infer<typeof formatSchema>

export const builtInFormats: ReadonlyMap<string, Format> = new Map(
  z
    .array(formatSchema)
    .parse(builtIn)
    .map((format) => [format.id, Object.freeze(format)]),
)

/** The neutral aspect ratios that models are asked for. */
const clipAspects = { '9:16': 9 / 16, '4:5': 4 / 5, '1:1': 1, '16:9': 16 / 9, '2:3': 2 / 3 } as const

/** The aspect ratio of a clip that needs the least crop in this format, e.g. "9:16". */
export function aspectOf(format: Pick<Format, 'width' | 'height'>): string {
  const wanted = Math.log(format.width / format.height)
  const distance = ([, ratio]: [string, number]) => Math.abs(Math.log(ratio) - wanted)
  return Object.entries(clipAspects).sort((a, b) => distance(a) - distance(b))[0]![0]
}
