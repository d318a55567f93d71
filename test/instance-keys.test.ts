import { createSecrets, newSecretKey, openKeyFile } from '#src/instance-keys.ts'
import { randomFillSync } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const secrets = createSecrets('a key of at least 32 characters, this one', randomFillSync)

describe('secrets', () => {
  test('what is encrypted comes back, and never looks the same twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(secrets.decrypt(secrets.encrypt(text))).toBe(text)
        expect(secrets.encrypt(text)).not.toEqual(secrets.encrypt(text))
      }),
    )
  })

  test('any changed byte is noticed', () => {
    const bytes = secrets.encrypt('whsec_abc')
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes)
      changed[i]! ^= 1
      expect(() => secrets.decrypt(changed), `byte ${i}`).toThrow(/stored secret/)
    }
  })

  test('another SECRET_KEY cannot read it, and the fault says so', () => {
    const other = createSecrets('another key of at least 32 characters....', randomFillSync)
    expect(() => other.decrypt(secrets.encrypt('x'))).toThrow(/Restore the one it was stored with/)
    expect(other.signer('file-link')('x')).not.toBe(secrets.signer('file-link')('x'))
  })

  test('signatures of two purposes differ, those of one are stable', () => {
    expect(secrets.signer('file-link')('x')).toBe(secrets.signer('file-link')('x'))
    expect(secrets.signer('file-link')('x')).not.toBe(secrets.signer('callback')('x'))
  })
})

describe('key files', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'spotsmith-keys-'))
  })
  afterEach(() => rm(dataDir, { recursive: true, force: true }))
  const open = () => openKeyFile(dataDir, 'secret-key', () => newSecretKey(randomFillSync))

  test('a key is made once, readable by its owner only', async () => {
    const first = await open()
    expect(first.created).toBe(true)
    expect((await stat(first.path)).mode & 0o777).toBe(0o600)
    expect(await open()).toEqual({ ...first, created: false })
  })

  test('processes that start together agree on one', async () => {
    const keys = await Promise.all([open(), open(), open()])
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1)
    expect(await readdir(dataDir)).toEqual(['secret-key'])
  })

  test('a damaged file is refused instead of replaced', async () => {
    await writeFile(join(dataDir, 'secret-key'), '\n')
    await expect(open()).rejects.toThrow(/is damaged/)
  })
})
