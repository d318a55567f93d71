/** A campaign that is quick to render: a 180×320 format of 10 frames a second, 2 s in all. */
import type { Program } from './program.ts'

export const smallFormat = {
  id: 'small_9x16',
  width: 180,
  height: 320,
  fps: 10,
  safe_zone_px: { top: 8, bottom: 8, left: 8, right: 8 },
  seconds: null,
  exact_seconds: null,
  max_megabytes: null,
  video_kbps: null,
  constant_bitrate: false,
  loudness_lufs: -14,
  button_allowed: true,
  mirror_for_rtl: false,
  source: 'tests',
  checked_at: '2026-11-22',
  confidence: 'high',
}

export const smallTemplate = {
  name: 'Small',
  variables: [
    { name: 'first_name', type: 'string', max_length: 24, personal: true, use: ['overlay'] },
    { name: 'scene', type: 'enum', values: ['kitchen', 'train', 'office'], use: ['prompt'] },
  ],
  clip: { prompt: 'A cup of espresso in a {{ scene }}', seconds: 1, resolution: '180p', audio: 'none' },
  overlays: [{ kind: 'text', text: 'Hi {{ first_name }}', style: 'headline', anchor: 'top', from: 0, to: 1 }],
  end_card: { seconds: 1, background: '#14110f', text: 'bye' },
  formats: ['small_9x16'],
}

const scenes = ['kitchen', 'train', 'office']

export const smallSegments = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    key: `s${i}`,
    locale: 'en',
    attributes: { first_name: `N${i}`, scene: scenes[i % scenes.length]! },
  }))

export async function addSmallFormat(program: Program): Promise<void> {
  const answer = await program.call('POST', '/v1/formats', smallFormat)
  if (answer.status !== 201) throw new Error(answer.text)
}
