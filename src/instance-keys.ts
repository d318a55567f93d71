/**
 * The two keys of an installation: SECRET_KEY, from which the keys for encryption and for each kind of signature are
 * derived, and the first API key. What is not set is generated once into DATA_DIR (0600).
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

export type RandomBytes = (bytes: Uint8Array) => Uint8Array

/** Two purposes never share a key: a signed link can never pass for something else. */
export type SigningPurpose = 'file-link' | 'callback'

const version = 1
const ivBytes = 12
const tagBytes = 16

/**
 * Encrypts and signs with keys derived (HKDF-SHA256) from SECRET_KEY.
 * @param secretKey at least 32 characters
 */
export function createSecrets(secretKey: string, random: RandomBytes) {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secretKey, 'spotsmith', purpose, 32))
  const encryptionKey = derive('encrypt v1')

  return {
    /** AES-256-GCM: one version byte, 12 bytes IV, 16 bytes tag, the ciphertext. */
    encrypt(text: string): Buffer {
      const iv = random(new Uint8Array(ivBytes))
      const cipher = createCipheriv('aes-256-gcm', encryptionKey, iv)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([Uint8Array.of(version), iv, cipher.getAuthTag(), body])
    },

    /** @throws when it was changed, or encrypted with another SECRET_KEY */
    decrypt(bytes: Uint8Array): string {
      if (bytes[0] !== version) throw new Error(`A stored secret has the unknown version ${bytes[0]}.`)
      const tagAt = 1 + ivBytes
      const decipher = createDecipheriv('aes-256-gcm', encryptionKey, bytes.subarray(1, tagAt), { authTagLength: tagBytes })
      decipher.setAuthTag(bytes.subarray(tagAt, tagAt + tagBytes))
      try {
        return decipher.update(bytes.subarray(tagAt + tagBytes), undefined, 'utf8') + decipher.final('utf8')
      } catch (error) {
        throw new Error('A stored secret cannot be read with this SECRET_KEY. Restore the one it was stored with.', {
          cause: error,
        })
      }
    },

    /** @returns a function text → HMAC-SHA256, base64url */
    signer(purpose: SigningPurpose): (text: string) => string {
      const key = derive(`sign ${purpose}`)
      return (text) => createHmac('sha256', key).update(text).digest('base64url')
    },
  }
}

export type Secrets = ReturnType<typeof createSecrets>

async function readKey(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`The key file ${path} cannot be read: ${(error as Error).message}.`, { cause: error })
  }
}

/** Linked into place when whole: a crash leaves no empty key, and of two processes one wins. */
async function writeKey(path: string, key: string): Promise<void> {
  const partial = `${path}.${randomUUID()}`
  const file = await open(partial, 'wx', 0o600)
  try {
    await file.writeFile(`${key}\n`)
    await file.sync()
    await link(partial, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await file.close()
    await rm(partial, { force: true })
  }
}

export interface KeyFile {
  readonly key: string
  readonly path: string
  /** Made just now. */
  readonly created: boolean
}

/**
 * The key in DATA_DIR/`name`, made with `generate` when there is none.
 * @throws when the file is damaged (shorter than 32 characters): a new key would make what the old one encrypted unreadable
 */
export async function openKeyFile(
  dataDir: string,
  name: 'secret-key' | 'api-key' | 'development-certificate.pem',
  generate: () => string,
): Promise<KeyFile> {
  const path = join(dataDir, name)
  await mkdir(dataDir, { recursive: true })
  const known = await readKey(path)
  if (known === undefined) await writeKey(path, generate())
  const key = known ?? (await readKey(path)) ?? ''
  if (key.length < 32)
    throw new Error(`The key file ${path} is damaged. Restore it from a backup, or remove it to get a new key.`)
  await chmod(path, 0o600).catch(() => {}) // another owner's file: readable, and not ours to change
  return { key, path, created: known === undefined }
}

/** 32 random bytes, base64url. */
export const newSecretKey = (random: RandomBytes): string => Buffer.from(random(new Uint8Array(32))).toString('base64url')
