/** Templates of a workspace, in immutable versions. */
import { findBrand } from '#src/database/brands.ts'
import { findMediaByIds } from '#src/database/media.ts'
import * as rows from '#src/database/templates.ts'
import { recordAudit } from '#src/database/workspaces.ts'
import { invalid, notFound, type Fault } from '#src/errors.ts'
import type { Format } from '../format/rules.ts'
import type { NewId } from '../ids.ts'
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.ts'
import type { Scope } from '../scope.ts'
import { kindOf } from './disclosure.ts'
import { checkTemplate, mediaReferences, type Template } from './rules.ts'

export interface TemplateChange {
  /** As the caller wrote it. */
  readonly template: unknown
  readonly metadata: Readonly<Record<string, string>>
}

interface Dependencies {
  readonly ids: NewId
  readonly formats: { all(scope: Scope): Promise<ReadonlyMap<string, Format>> }
}

export function createTemplates({ ids, formats }: Dependencies) {
  /**
   * @param pointer where the template is in the caller's body
   * @throws invalid with every fault at once
   */
  async function check(scope: Scope, input: unknown, pointer = '/template'): Promise<Template> {
    const checked = checkTemplate(input, { formats: await formats.all(scope), pointer })
    if ('errors' in checked) throw invalid(checked.errors)
    const { template } = checked
    const faults = [...(await mediaFaults(scope, template, pointer)), ...(await brandFaults(scope, template, pointer))]
    if (faults.length > 0) throw invalid(faults)
    return template
  }

  /** An ad without its label is an exception that someone answers for. */
  async function auditLabel(scope: Scope, id: string, { disclosure }: Template): Promise<void> {
    if (kindOf(disclosure) !== 'none') return
    const { workspaceId, actor, requestId } = scope
    const details = { reason: disclosure.reason ?? '' }
    await recordAudit(scope.db, {
      id: ids('audit'),
      workspaceId,
      actor,
      action: 'template.label_off',
      subject: id,
      requestId,
      details,
    })
  }

  async function get(scope: Scope, id: string, version?: number): Promise<TemplateResource> {
    // Read inside a transaction is read to be changed: the ETag that is compared must still be the row's when it is written.
    if (scope.db.isTransaction && version === undefined) await rows.lockTemplate(scope.db, scope.workspaceId, id)
    const row = await rows.findTemplate(scope.db, scope.workspaceId, id, version)
    if (!row) throw notFound('template', version === undefined ? id : `${id} version ${version}`)
    return present(row)
  }

  return {
    check,

    /** Version 1. @throws invalid */
    async create(scope: Scope, { template: input, metadata }: TemplateChange): Promise<TemplateResource> {
      const template = await check(scope, input)
      const id = ids('template')
      await rows.insertTemplate(scope.db, valuesOf(scope, id, template, metadata))
      await auditLabel(scope, id, template)
      return await get(scope, id)
    },

    async list(scope: Scope, page: PageRequest): Promise<Page<TemplateResource>> {
      const found = await rows.listTemplates(scope.db, scope.workspaceId, {
        before: decodeCursor(page.cursor),
        limit: page.limit + 1,
      })
      return pageOf(found, page, (row) => row.id, present)
    },

    /** The named version, else the newest; archived ones too. @throws not_found */
    get,

    /** Newest first. @throws not_found */
    async versions(scope: Scope, id: string, page: PageRequest): Promise<Page<VersionResource>> {
      await get(scope, id)
      const before = decodeCursor(page.cursor, /^\d{1,9}$/)
      const options = { before: before === undefined ? undefined : Number(before), limit: page.limit + 1 }
      const found = await rows.listVersions(scope.db, scope.workspaceId, id, options)
      return pageOf(found, page, (row) => row.version, presentVersion)
    },

    /** Makes the next version; campaigns keep theirs. @throws not_found, invalid */
    async replace(scope: Scope, id: string, { template: input, metadata }: TemplateChange): Promise<TemplateResource> {
      const template = await check(scope, input)
      if (!(await rows.insertNextVersion(scope.db, valuesOf(scope, id, template, metadata)))) throw notFound('template', id)
      await auditLabel(scope, id, template)
      return await get(scope, id)
    },

    /** It is no longer listed or changed; its campaigns go on. @throws not_found */
    async archive(scope: Scope, id: string): Promise<void> {
      if (!(await rows.archiveTemplate(scope.db, scope.workspaceId, id))) throw notFound('template', id)
    },
  }
}

export type Templates = ReturnType<typeof createTemplates>
export type TemplateResource = ReturnType<typeof present>
type VersionResource = ReturnType<typeof presentVersion>

const valuesOf = (scope: Scope, id: string, template: Template, metadata: TemplateChange['metadata']): rows.TemplateValues => ({
  id,
  workspaceId: scope.workspaceId,
  name: template.name,
  spec: template,
  metadata: { ...metadata },
})

async function brandFaults(scope: Scope, { brand_id: id }: Template, pointer: string): Promise<Fault[]> {
  if (id === null || (await findBrand(scope.db, scope.workspaceId, id))) return []
  const message = `There is no brand kit "${id}" in this workspace.`
  return [{ pointer: `${pointer}/brand_id`, code: 'unknown_brand', message }]
}

/** Media that a template names must be there, and be of the right kind. */
async function mediaFaults(scope: Scope, template: Template, pointer: string): Promise<Fault[]> {
  const references = mediaReferences(template)
  const found = await findMediaByIds(scope.db, scope.workspaceId, [...new Set(references.map((r) => r.id))])
  return references.flatMap((reference): Fault[] => {
    const kind = found.find((media) => media.id === reference.id)?.kind
    const at = { pointer: pointer + reference.pointer }
    if (kind === undefined)
      return [{ ...at, code: 'unknown_media', message: `There is no medium "${reference.id}" in this workspace.` }]
    if ((reference.kinds as readonly string[]).includes(kind)) return []
    return [
      {
        ...at,
        code: 'wrong_media_kind',
        message: `"${reference.id}" is of kind ${kind}; here it must be ${reference.kinds.join(' or ')}.`,
      },
    ]
  })
}

const present = (row: rows.TemplateRow) => ({
  id: row.id,
  object: 'template' as const,
  name: row.name,
  version: row.version,
  template: row.spec as Template,
  metadata: row.metadata,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
  archived_at: row.archived_at?.toISOString() ?? null,
})

const presentVersion = (row: Awaited<ReturnType<typeof rows.listVersions>>[number]) => ({
  template_id: row.template_id,
  version: row.version,
  template: row.spec as Template,
  created_at: row.created_at.toISOString(),
})
