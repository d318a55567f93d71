/** Verification of files that come back, and the evidence record of a campaign. */
import type { FileVerification } from '#src/contracts/provenance.ts'
import { filesOfManifest, type RecordedFile } from '#src/database/evidence.ts'
import { ServiceError } from '#src/errors.ts'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Scope } from '../scope.ts'
import { evidenceRows, type EvidenceRow } from './service-evidence.ts'

interface Dependencies {
  /** Reads a hostile file somewhere safe. Never throws for what is in it. */
  readonly inspect: (path: string) => Promise<FileVerification>
  /** An existing folder for files that are being looked at. */
  readonly tempDir: string
}

/** More than any channel takes. */
export const maxVerifyBytes = 1024 ** 3
const mostRecords = 20

export interface Verification extends FileVerification {
  readonly object: 'verification'
  readonly sha256: string
  readonly bytes: number
  /** This workspace's own record of the file. */
  readonly record: {
    /** The very bytes that were delivered. Only this proves a campaign; a manifest can be copied. */
    readonly exact: boolean
    readonly files: readonly RecordedFile[]
  } | null
}

/** Counts and hashes what passes. @throws payload_too_large */
function measure() {
  const hash = createHash('sha256')
  const facts = { bytes: 0 }
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      facts.bytes += chunk.length
      hash.update(chunk)
      const tooLarge = facts.bytes > maxVerifyBytes
      done(tooLarge ? new ServiceError('payload_too_large', `A file may have at most ${maxVerifyBytes} bytes.`) : null, chunk)
    },
  })
  return { stream, facts, digest: () => hash.digest('hex') }
}

export function createProvenance({ inspect, tempDir }: Dependencies) {
  async function recordOf(scope: Scope, { manifest_id: id }: FileVerification, sha256: string): Promise<Verification['record']> {
    const known = id === null ? [] : await filesOfManifest(scope.db, scope.workspaceId, id, 3 * mostRecords)
    if (known.length === 0) return null
    const exact = known.filter((file) => file.sha256 === sha256)
    const shown = exact.length > 0 ? exact : known.filter(({ kind }) => kind === 'video')
    return { exact: exact.length > 0, files: shown.slice(0, mostRecords) }
  }

  return {
    /** Takes a file in bounded memory. @throws payload_too_large */
    async verify(scope: Scope, body: Readable): Promise<Verification> {
      const folder = await mkdtemp(join(tempDir, 'verify-'))
      try {
        const path = join(folder, 'file')
        const { stream, facts, digest } = measure()
        await pipeline(body, stream, createWriteStream(path))
        const [sha256, found] = [digest(), await inspect(path)]
        return { object: 'verification', sha256, bytes: facts.bytes, ...found, record: await recordOf(scope, found, sha256) }
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },

    /** A line per file, in the order of the audience. The caller has made sure that the campaign is the workspace's. */
    evidence: (scope: Scope, campaignId: string): AsyncGenerator<EvidenceRow> => evidenceRows(scope, campaignId),
  }
}

export type ProvenanceService = ReturnType<typeof createProvenance>
