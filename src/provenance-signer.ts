/**
 * Who signs the files of this installation: the certificate of the settings, or one that is made once and kept in DATA_DIR.
 * A certificate that cannot sign is found here, before the first file is made.
 */
import type { Config } from './config.ts'
import { openKeyFile } from './instance-keys.ts'
import { type ClaimSigner, createClaimSigner } from './media/provenance/claim-signer.ts'
import { BadCertificate, readCertificates } from './media/provenance/certificate.ts'
import { createDevelopmentCertificate } from './media/provenance/certificate-development.ts'
import { createPemSigner } from './media/provenance/signer-pem.ts'
import { createTimestamps } from './media/provenance/timestamp.ts'
import type { Outgoing } from './network/outgoing.ts'
import { readFile } from 'node:fs/promises'

type Settings = Pick<Config, 'C2PA_CERTIFICATE_FILE' | 'C2PA_KEY_FILE' | 'C2PA_TIMESTAMP_URL' | 'C2PA_TRUST_FILE' | 'DATA_DIR'>

interface Surroundings {
  readonly now: () => number
  readonly random: (bytes: Uint8Array) => Uint8Array
  /** Through the target guard. */
  readonly post: Outgoing['post']
}

async function read(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Error(
      `${setting}: the file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown fault'}).`,
      { cause },
    )
  }
}

/** Runs `make`; what is wrong with a certificate becomes a sentence about the file that holds it. */
function about<T>(file: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof BadCertificate) throw new Error(`${file} ${error.message}.`, { cause: error })
    throw error
  }
}

async function openPem(settings: Settings, { now, random }: Surroundings) {
  const { C2PA_CERTIFICATE_FILE: file, C2PA_KEY_FILE: keyFile, DATA_DIR } = settings
  if (file && keyFile) {
    const [certificates, key] = [await read('C2PA_CERTIFICATE_FILE', file), await read('C2PA_KEY_FILE', keyFile)]
    return about(`C2PA_CERTIFICATE_FILE (with C2PA_KEY_FILE): ${file}`, () =>
      createPemSigner({ status: 'signed', certificates, key, now }),
    )
  }
  const make = () => createDevelopmentCertificate({ now: now(), random })
  const { key: pem, path } = await openKeyFile(DATA_DIR, 'development-certificate.pem', make)
  return about(`${path} (remove it to get a new one)`, () =>
    createPemSigner({ status: 'development', certificates: pem, key: pem, now }),
  )
}

/** @throws with one sentence that says what to change */
export async function openProvenanceSigner(settings: Settings, surroundings: Surroundings): Promise<ClaimSigner> {
  const signer = await openPem(settings, surroundings)
  const { C2PA_TIMESTAMP_URL: url } = settings
  const { post, random } = surroundings
  return createClaimSigner(signer, url ? createTimestamps({ url, post, random }) : undefined)
}

/** Roots whose signatures count as trusted when a file is verified. @returns PEM; null: nobody is trusted */
export async function readTrustedRoots({ C2PA_TRUST_FILE: file }: Settings): Promise<string | null> {
  if (!file) return null
  const pem = await read('C2PA_TRUST_FILE', file)
  about(`C2PA_TRUST_FILE: ${file}`, () => readCertificates(pem))
  return pem
}
