/** API keys: `spk_`, 30 random base62 characters, and 6 of their CRC32, so that a scanner can tell a key from noise. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const prefix = 'spk_'
const secretLength = 30
const checkLength = 6
/** Bytes from here on would favour the first letters: 248 is the largest multiple of 62 in a byte. */
const unbiased = 248

export type RandomBytes = (bytes: Uint8Array) => Uint8Array

export function newKey(random: RandomBytes): string {
  let secret = ''
  while (secret.length < secretLength) {
    for (const byte of random(new Uint8Array(secretLength))) {
      if (byte < unbiased && secret.length < secretLength) secret += alphabet[byte % alphabet.length]!
    }
  }
  return prefix + secret + checkOf(secret)
}

function checkOf(secret: string): string {
  let rest = crc32(secret)
  let text = ''
  for (let i = 0; i < checkLength; i++) {
    text = alphabet[rest % alphabet.length]! + text
    rest = Math.floor(rest / alphabet.length)
  }
  return text
}

/** Whether a text is a key as this service makes them; says nothing about whether it is in use. */
export const isWellFormed = (key: string): boolean =>
  /^spk_[0-9A-Za-z]{36}$/.test(key) && checkOf(key.slice(prefix.length, -checkLength)) === key.slice(-checkLength)

/** What is stored: the key itself is shown once and kept nowhere. */
export const digestOfKey = (key: string): Buffer => createHash('sha256').update(key).digest()

/** What a person recognises a key by. */
export const shownPrefix = (key: string): string => key.slice(0, 12)
