/** Ids: a prefix and 26 characters that sort by time (ULID: 48 bits of milliseconds, 80 random bits, Crockford base32). */
export const idPrefixes = {
  workspace: 'ws',
  apiKey: 'key',
  template: 'tmpl',
  audience: 'aud',
  import: 'imp',
  campaign: 'cmp',
  plan: 'plan',
  shot: 'shot',
  generation: 'gen',
  attempt: 'att',
  variant: 'var',
  rendition: 'rnd',
  decision: 'rev',
  media: 'med',
  brand: 'brd',
  file: 'file',
  endpoint: 'whe',
  event: 'evt',
  delivery: 'dlv',
  audit: 'log',
  request: 'req',
} as const satisfies Record<string, string>

export type IdKind = keyof typeof idPrefixes
export type NewId = (kind: IdKind) => string

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * @param now milliseconds since the epoch
 * @param random fills the given bytes
 */
export function createIds(now: () => number, random: (bytes: Uint8Array) => Uint8Array): NewId {
  const bytes = new Uint8Array(16)
  return (kind) => {
    random(bytes)
    let time = now()
    let text = ''
    for (let i = 0; i < 10; i++) {
      text = alphabet[time % 32]! + text
      time = Math.floor(time / 32)
    }
    for (const byte of bytes) text += alphabet[byte % 32]!
    return `${idPrefixes[kind]}_${text}`
  }
}
