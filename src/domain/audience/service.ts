/** Audiences of a workspace and their segments. */
import * as rows from '#src/database/audiences.ts'
import { findImport, importErrorPage, insertImport, type ImportRow } from '#src/database/imports.ts'
import * as segmentRows from '#src/database/segments.ts'
import { invalid, notFound, ServiceError } from '#src/errors.ts'
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.ts'
import type { Scope } from '../scope.ts'
import { faultsAt, rowOf, type Row } from './row.ts'
import { createImporter, type ImportDependencies, type ImportInput } from './service-import.ts'

export interface InlineSegment {
  readonly key: string
  readonly locale?: string | undefined
  readonly attributes?: Readonly<Record<string, string | number | boolean | null>> | undefined
}

interface Dependencies extends ImportDependencies {
  /** Cancels the variants of an erased segment and removes their files; in the caller's transaction. */
  readonly eraseVariants?: (scope: Scope, audienceId: string, segmentKey: string) => Promise<void>
}

export function createAudiences(dependencies: Dependencies) {
  const { ids, eraseVariants } = dependencies
  const importRows = createImporter(dependencies)

  async function find(scope: Scope, id: string): Promise<rows.AudienceRow> {
    const row = await rows.findAudience(scope.db, scope.workspaceId, id)
    if (!row) throw notFound('audience', id)
    return row
  }

  async function lock(scope: Scope, id: string): Promise<rows.AudienceRow> {
    const row = await rows.lockAudience(scope.db, scope.workspaceId, id)
    if (!row) throw notFound('audience', id)
    return row
  }

  async function insert(scope: Scope, { name, metadata }: { name: string; metadata: Readonly<Record<string, string>> }) {
    return await rows.insertAudience(scope.db, {
      id: ids('audience'),
      workspace_id: scope.workspaceId,
      name,
      metadata: { ...metadata },
    })
  }

  async function getImport(scope: Scope, id: string): Promise<ImportResource> {
    const row = await findImport(scope.db, scope.workspaceId, id)
    if (!row) throw notFound('import', id)
    return presentImport(row, await importErrorPage(scope.db, id, { after: 0, limit: 100 }))
  }

  return {
    async create(scope: Scope, input: { name: string; metadata: Readonly<Record<string, string>> }): Promise<AudienceResource> {
      return present(await insert(scope, input))
    },

    /**
     * An audience with revision 1 out of segments that came inside a call, in the caller's transaction.
     * @throws invalid with a pointer such as /segments/3/key
     */
    async createInline(
      scope: Scope,
      { name, segments }: { name: string; segments: readonly InlineSegment[] },
      pointer = '/segments',
    ): Promise<AudienceResource> {
      const checked = checkInline(segments, pointer)
      const { id } = await insert(scope, { name, metadata: {} })
      const values = checked.map(({ number, key, locale, attributes }) => ({
        key,
        locale,
        attributes: JSON.parse(attributes),
        position: number,
      }))
      await segmentRows.insertSegments(scope.db, id, scope.workspaceId, values)
      await rows.setRevision(scope.db, id, 1, values.length)
      await insertImport(scope.db, {
        id: ids('import'),
        workspace_id: scope.workspaceId,
        audience_id: id,
        status: 'succeeded',
        mode: 'replace',
        format: 'json',
        rows: values.length,
        accepted: values.length,
        revision: 1,
      })
      return present(await find(scope, id))
    },

    async list(scope: Scope, page: PageRequest): Promise<Page<AudienceResource>> {
      const found = await rows.listAudiences(scope.db, scope.workspaceId, {
        before: decodeCursor(page.cursor),
        limit: page.limit + 1,
      })
      return pageOf(found, page, (row) => row.id, present)
    },

    /** @throws not_found */
    async get(scope: Scope, id: string): Promise<AudienceResource> {
      return present(await find(scope, id))
    },

    /** Its segments are deleted with it. @throws not_found; conflict while a campaign reads it */
    async delete(scope: Scope, id: string): Promise<void> {
      await lock(scope, id)
      const using = await rows.campaignsUsing(scope.db, id)
      if (using.length > 0) {
        const named = using.map((campaign) => `${campaign.id} (${campaign.status})`).join(', ')
        throw new ServiceError('conflict', `Campaigns still use the audience: ${named}. Cancel or delete them first.`)
      }
      await rows.deleteAudience(scope.db, id)
    },

    /** Runs in a transaction of its own, on a connection of its own. @throws not_found, invalid, rate_limited */
    async importSegments(scope: Scope, id: string, input: ImportInput): Promise<ImportResource> {
      await find(scope, id)
      const row = await importRows(scope, id, input)
      return await getImport(scope, row.id)
    },

    /** The newest revision, in the order of the import. @throws not_found */
    async segments(scope: Scope, id: string, page: PageRequest): Promise<Page<SegmentResource>> {
      const { revision } = await find(scope, id)
      const after = Number(decodeCursor(page.cursor, /^\d{1,15}$/) ?? -1)
      const found = await segmentRows.segmentPage(scope.db, id, { revision, after, limit: page.limit + 1 })
      return pageOf(found, page, (row) => row.position, presentSegment)
    },

    /**
     * Erases a person from every revision, with the variants and whatever the imports and plans said about the row.
     * @throws not_found
     */
    async eraseSegment(scope: Scope, id: string, key: string): Promise<void> {
      const audience = await lock(scope, id)
      const erased = await segmentRows.eraseSegment(scope.db, id, key)
      if (!erased) throw notFound('segment', key)
      // Also when only an old revision had it: a plan that is being made notices by the time of the change.
      await rows.setRevision(scope.db, id, audience.revision, audience.segment_count - (erased.current ? 1 : 0))
      await rows.forgetImportedValues(scope.db, id)
      await segmentRows.forgetInPlans(scope.db, id, key)
      await eraseVariants?.(scope, id, key)
    },

    /** With its first 100 refused rows. @throws not_found */
    getImport,

    /** Every refused row, in the order of the file. @throws not_found */
    async importErrors(scope: Scope, id: string, page: PageRequest): Promise<Page<ImportErrorResource>> {
      if (!(await findImport(scope.db, scope.workspaceId, id))) throw notFound('import', id)
      const after = Number(decodeCursor(page.cursor, /^\d{1,15}$/) ?? 0)
      const found = await importErrorPage(scope.db, id, { after, limit: page.limit + 1 })
      return pageOf(found, page, (row) => row.position, presentError)
    },
  }
}

export type Audiences = ReturnType<typeof createAudiences>
export type AudienceResource = ReturnType<typeof present>
export type ImportResource = ReturnType<typeof presentImport>
export type ImportErrorResource = ReturnType<typeof presentError>
export type SegmentResource = ReturnType<typeof presentSegment>

function checkInline(segments: readonly InlineSegment[], pointer: string): Row[] {
  const seen = new Set<string>()
  const checked = segments.map((segment, i) => rowOf(i + 1, { locale: undefined, attributes: {}, ...segment }, () => []))
  const faults = checked.flatMap((row, i) => {
    const repeated = row.key !== '' && seen.has(row.key)
    seen.add(row.key)
    const twice = {
      column: 'key',
      code: 'duplicate_key',
      message: `The key of segment ${i + 1} stands in an earlier one already.`,
      value: null,
    }
    return faultsAt(`${pointer}/${i}`, repeated ? [...row.faults, twice] : row.faults)
  })
  if (faults.length > 0) throw invalid(faults.slice(0, 100))
  return checked
}

const present = (row: rows.AudienceRow) => ({
  id: row.id,
  object: 'audience' as const,
  name: row.name,
  revision: row.revision,
  segment_count: row.segment_count,
  metadata: row.metadata,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

const presentSegment = ({ key, locale, attributes }: segmentRows.SegmentRow) => ({
  key,
  object: 'segment' as const,
  locale,
  attributes,
})

const presentError = (row: Awaited<ReturnType<typeof importErrorPage>>[number]) => ({
  row: row.row_number,
  column: row.column_name,
  code: row.code,
  message: row.message,
  value: row.value,
})

const presentImport = (row: ImportRow, errors: Awaited<ReturnType<typeof importErrorPage>>) => ({
  id: row.id,
  object: 'import' as const,
  audience_id: row.audience_id,
  status: row.status,
  mode: row.mode,
  rows: row.rows,
  accepted: row.accepted,
  refused: row.refused,
  revision: row.revision,
  error: row.error as { code: string; message: string } | null,
  errors: errors.map(presentError),
  created_at: row.created_at.toISOString(),
})
