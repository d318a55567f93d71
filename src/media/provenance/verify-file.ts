/** Reads a file's manifest and says what it is worth. Asks nobody: what the file and the trusted certificates say, no more. */
import { open } from 'node:fs/promises'
import type { FileVerification } from '#src/contracts/provenance.ts'
import { loadC2pa, messageOf, openBlob, settingsText } from './c2pa.ts'
import { describeStore, type ManifestStore } from './manifest-store.ts'

interface VerifyOptions {
  /** Media type. */
  readonly format: string
  /** PEM certificates of trusted roots; null: nobody is trusted. */
  readonly trusted: string | null
}

const empty: FileVerification = {
  status: 'unreadable',
  trusted: false,
  summary: '',
  manifest_id: null,
  title: null,
  claim_generator: null,
  signed_by: null,
  digital_source_type: null,
  disclosure: null,
  campaign_id: null,
  models: [],
  ingredients: [],
  faults: [],
}

/** The library says so in words only. */
const isAbsence = (message: string): boolean =>
  /no JUMBF data found|JumbfNotFound|no claim found|ProvenanceMissing/i.test(message)

function faulty(message: string): FileVerification {
  if (isAbsence(message)) {
    const summary = 'The file carries no C2PA manifest: it never had one, or a copy or transcode has removed it.'
    return { ...empty, status: 'no_manifest', summary }
  }
  const summary = `The manifest or the file around it cannot be read: ${message}`
  return { ...empty, status: 'invalid', summary, faults: [{ code: 'unreadable', message }] }
}

/** Never throws for what a file contains. */
export async function verifyFile(path: string, { format, trusted }: VerifyOptions): Promise<FileVerification> {
  const { WasmReader } = loadC2pa()
  using file = openBlob(path)
  try {
    const reader = await WasmReader.fromBlob(format, file.blob, settingsText(trusted))
    try {
      return describeStore(JSON.parse(reader.json()) as ManifestStore)
    } finally {
      reader.free()
    }
  } catch (error) {
    return faulty(messageOf(error))
  }
}

/** By the first bytes: what a sender calls a file decides nothing. */
async function formatOf(path: string): Promise<string | undefined> {
  const head = Buffer.alloc(12)
  await using file = await open(path)
  await file.read(head, 0, head.length, 0)
  if (head.subarray(4, 8).toString('latin1') === 'ftyp') return 'video/mp4'
  return head.readUInt16BE(0) === 0xffd8 ? 'image/jpeg' : undefined
}

/** Any file. Never throws for what it contains. */
export async function verifyAny({ path, trusted }: { path: string; trusted: string | null }): Promise<FileVerification> {
  const format = await formatOf(path)
  if (!format) return { ...empty, summary: 'The file is neither an MP4 nor a JPEG.' }
  return await verifyFile(path, { format, trusted })
}
