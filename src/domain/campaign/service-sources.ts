/** Where a campaign takes its template and its audience from: by id, or given inside the call and then made real ones. */
import { invalid, ServiceError } from '#src/errors.ts'
import type { Scope } from '../scope.ts'
import type { Template } from '../template/rules.ts'
import type { InlineSegment } from './input.ts'

export interface SourcePorts {
  readonly templates: {
    get(scope: Scope, id: string, version?: number): Promise<StoredTemplate>
    create(scope: Scope, input: { template: unknown; metadata: Readonly<Record<string, string>> }): Promise<StoredTemplate>
  }
  readonly audiences: {
    get(scope: Scope, id: string): Promise<{ readonly id: string; readonly revision: number }>
    createInline(
      scope: Scope,
      input: { name: string; segments: readonly InlineSegment[] },
      pointer?: string,
    ): Promise<{ readonly id: string; readonly revision: number }>
  }
}

interface StoredTemplate {
  readonly id: string
  readonly version: number
  readonly template: Template
  readonly archived_at: string | null
}

export interface TemplateChoice {
  readonly template_id?: string | undefined
  readonly template_version?: number | undefined
  readonly template?: unknown
}
export interface AudienceChoice {
  readonly audience_id?: string | undefined
  readonly segments?: readonly InlineSegment[] | undefined
}

/** An id inside a body that leads nowhere is a fault of the body, not of the address. */
async function named<T>(pointer: string, code: string, find: () => Promise<T>): Promise<T> {
  try {
    return await find()
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'not_found') throw error
    throw invalid([{ pointer, code, message: error.message }])
  }
}

/** @throws 422 with pointers into the body */
export async function chooseTemplate({ templates }: SourcePorts, scope: Scope, choice: TemplateChoice): Promise<StoredTemplate> {
  if (choice.template_id === undefined) return await templates.create(scope, { template: choice.template, metadata: {} })
  const found = await named('/template_id', 'unknown_template', () =>
    templates.get(scope, choice.template_id!, choice.template_version),
  )
  if (found.archived_at === null) return found
  const message = `The template "${found.id}" is archived. Choose another one.`
  throw invalid([{ pointer: '/template_id', code: 'template_archived', message }])
}

/** @throws 422 with pointers into the body */
export async function chooseAudience({ audiences }: SourcePorts, scope: Scope, name: string, choice: AudienceChoice) {
  if (choice.audience_id === undefined) {
    return await audiences.createInline(scope, { name, segments: choice.segments ?? [] }, '/segments')
  }
  return await named('/audience_id', 'unknown_audience', () => audiences.get(scope, choice.audience_id!))
}
