/** Uploads of segments: the next revision whole, or nothing; refused rows are told by their number. */
import { copyInto, copyLine } from '#src/database/copy.ts'
import { lockAudience, setRevision } from '#src/database/audiences.ts'
import * as imports from '#src/database/imports.ts'
import { withSession, type Session } from '#src/database/session.ts'
import { notFound, ServiceError } from '#src/errors.ts'
import type { Readable } from 'node:stream'
import type { Pool } from 'pg'
import type { NewId } from '../ids.ts'
import type { Scope } from '../scope.ts'
import type { Template } from '../template/rules.ts'
import { checkAgainst, excerpt, type Row, type RowCheck } from './row.ts'
import { csvRows } from './rows-csv.ts'
import { jsonRows, ndjsonRows } from './rows-json.ts'

export interface ImportInput {
  readonly format: 'csv' | 'ndjson' | 'json'
  /** `replace`: the rows are the whole revision. `upsert`: they are added to it, or change it. */
  readonly mode: 'replace' | 'upsert'
  readonly body: Readable
  readonly delimiter?: string | undefined
  /** Checks columns and values against this template's variables at once, instead of in the plan. */
  readonly template_id?: string | undefined
}

export interface ImportDependencies {
  /** An import keeps one of its connections as long as the upload lasts. */
  readonly pool: Pool
  readonly ids: NewId
  readonly templates: { get(scope: Scope, id: string): Promise<{ readonly template: Template }> }
  /** How many uploads may run at once in this process; each holds a connection. */
  readonly maxImports?: number
}

interface Tally {
  rows: number
  refused: number
}

/** Leaves at least half of the pool to everyone else. */
const importsOf = ({ options }: Pool): number => Math.max(1, Math.min(4, Math.floor(options.max / 2)))

export function createImporter({ pool, ids, templates, maxImports = importsOf(pool) }: ImportDependencies) {
  let running = 0

  async function checksOf(scope: Scope, templateId: string | undefined): Promise<{ check: RowCheck; required: string[] }> {
    if (templateId === undefined) return { check: () => [], required: [] }
    const { variables } = (await templates.get(scope, templateId)).template
    return { check: checkAgainst(variables), required: variables.filter((v) => v.default === undefined).map((v) => v.name) }
  }

  function reader(input: ImportInput, checks: { check: RowCheck; required: string[] }): AsyncIterable<Row[]> {
    if (input.format === 'csv') return csvRows(input.body, { delimiter: input.delimiter, ...checks })
    return input.format === 'ndjson' ? ndjsonRows(input.body, checks.check) : jsonRows(input.body, checks.check)
  }

  async function write(
    scope: Scope,
    audienceId: string,
    input: ImportInput,
    { db, client }: Session,
    rows: AsyncIterable<Row[]>,
  ) {
    return await db.transaction().execute(async (trx) => {
      const tally: Tally = { rows: 0, refused: 0 }
      await imports.createStage(trx)
      await copyInto(client, imports.stageTarget, stageLines(rows, tally))
      tally.refused += await imports.refuseDuplicates(trx)
      const accepted = tally.rows - tally.refused
      const audience = await lockAudience(trx, scope.workspaceId, audienceId)
      if (!audience) throw notFound('audience', audienceId)
      const revision = accepted > 0 ? audience.revision + 1 : null
      if (revision !== null) {
        const target = { audienceId, workspaceId: scope.workspaceId, revision }
        await (input.mode === 'replace' ? imports.replaceSegments(trx, target) : imports.upsertSegments(trx, target))
        const count = input.mode === 'replace' ? accepted : await imports.countSegments(trx, audienceId)
        await setRevision(trx, audienceId, revision, count)
        await imports.pruneSegments(trx, audienceId, revision)
      }
      const row = await imports.insertImport(trx, {
        id: ids('import'),
        workspace_id: scope.workspaceId,
        audience_id: audienceId,
        status: revision === null ? 'failed' : 'succeeded',
        mode: input.mode,
        format: input.format,
        ...tally,
        accepted,
        revision,
        error: revision === null ? nothingAccepted(tally) : null,
      })
      if (tally.refused > 0) await imports.keepFaults(trx, row.id)
      return row
    })
  }

  /**
   * Reads the body as it arrives, in bounded memory. Nothing is changed before its last row; a body that breaks off changes nothing.
   * @throws not_found; invalid when the rows cannot be told apart or a column is missing; rate_limited when too many uploads run
   */
  return async function importRows(scope: Scope, audienceId: string, input: ImportInput): Promise<imports.ImportRow> {
    if (running >= maxImports) {
      const detail = `${maxImports} uploads are running; try again when one has ended.`
      throw new ServiceError('rate_limited', detail, { headers: { 'retry-after': '5' } })
    }
    running += 1
    try {
      const rows = reader(input, await checksOf(scope, input.template_id))
      return await withSession(pool, (session) => write(scope, audienceId, input, session, rows))
    } finally {
      running -= 1
    }
  }
}

function nothingAccepted({ rows, refused }: Tally): { code: string; message: string } {
  if (rows === 0) return { code: 'no_rows', message: 'The upload has no rows; the audience stays as it was.' }
  return { code: 'all_rows_refused', message: `All ${refused} rows were refused; the audience stays as it was.` }
}

/** COPY lines of the staging table, and how many rows went by. */
async function* stageLines(batches: AsyncIterable<Row[]>, tally: Tally): AsyncGenerator<string> {
  for await (const rows of batches) {
    let lines = ''
    for (const row of rows) {
      tally.rows += 1
      if (row.faults.length > 0) tally.refused += 1
      lines += stageLinesOf(row)
    }
    if (lines !== '') yield lines
  }
}

function stageLinesOf({ number, key, locale, attributes, faults }: Row): string {
  if (faults.length === 0) return copyLine([number, key, locale, attributes, null, null, null, null])
  // What was refused may hold what cannot be kept; its values are only shown as excerpts.
  return faults
    .map((fault) => copyLine([number, '', '', '{}', fault.column, fault.code, fault.message, excerpt(fault.value)]))
    .join('')
}
