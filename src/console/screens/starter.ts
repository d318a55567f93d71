/** What a new template begins with. */
export const starter = {
  name: 'Aurora espresso',
  variables: [
    { name: 'first_name', type: 'string', max_length: 24, personal: true, use: ['overlay'], default: 'there' },
    { name: 'scene', type: 'enum', values: ['kitchen', 'train', 'office'], use: ['prompt'] },
    { name: 'price', type: 'string', max_length: 20, use: ['overlay'], default: '€ 9.90' },
  ],
  clip: {
    prompt: 'A steaming cup of espresso in a {{ scene }}, soft morning light, slow push-in, no text, no logos',
    seconds: 4,
    resolution: '1080p',
    audio: 'none',
  },
  overlays: [
    {
      kind: 'text',
      text: '{{ first_name }}, wake up slower',
      style: 'headline',
      anchor: 'top',
      from: 0.3,
      to: 4,
      enter: 'slide_up',
    },
    { kind: 'button', text: 'From {{ price }}', anchor: 'bottom', from: 1, to: 4 },
  ],
  end_card: { seconds: 1, background: '#14110f', text: 'aurora.example' },
  formats: ['reels_9x16', 'square_1x1'],
}

export type Draft = Record<string, unknown>

/** A value for each variable, so that a preview has something to show. */
export function sampleOf(draft: Draft): Record<string, string | number | boolean> {
  const variables = Array.isArray(draft['variables']) ? (draft['variables'] as Draft[]) : []
  return Object.fromEntries(
    variables.flatMap((variable): [string, string | number | boolean][] => {
      const name = String(variable['name'] ?? '')
      if (!name || variable['default'] !== undefined || variable['type'] === 'image') return []
      if (variable['type'] === 'enum') return [[name, String((variable['values'] as string[] | undefined)?.[0] ?? '')]]
      if (variable['type'] === 'number') return [[name, 9.9]]
      if (variable['type'] === 'boolean') return [[name, true]]
      return [[name, 'Maximiliane'.slice(0, Number(variable['max_length'] ?? 11))]]
    }),
  )
}
