/** openapi.yaml as the fuzzer sees it: operations, what they take, and what they may answer. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface Schema {
  readonly [keyword: string]: unknown
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly schema: Schema
}

export interface Operation {
  readonly id: string
  readonly method: string
  /** With `{name}` for each parameter. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** Content type → schema of the body. */
  readonly bodies: Readonly<Record<string, Schema>>
  /** undefined: whoever has the link. */
  readonly scope: string | undefined
  readonly statuses: readonly number[]
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}
interface RawOperation {
  readonly operationId: string
  readonly parameters?: readonly (Parameter & { readonly example?: unknown })[]
  readonly requestBody?: Content
  readonly security: readonly { readonly key?: readonly string[] }[]
  readonly responses: Readonly<Record<string, Content & { readonly $ref?: string }>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const escape = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1')

export function readDescription() {
  const document = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')) as Document
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  formats.default(ajv)
  ajv.addSchema(document, 'api')
  const compiled = new Map<string, ValidateFunction>()

  const compile = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `api#${pointer}` })
    compiled.set(pointer, known)
    return known
  }

  const at = (pointer: string): unknown =>
    pointer
      .split('/')
      .slice(1)
      .reduce<unknown>(
        (node, step) => (node as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')],
        document,
      )

  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]): Operation => ({
      id: raw.operationId,
      method: method.toUpperCase(),
      path,
      parameters: (raw.parameters ?? []).map(({ example, ...parameter }) => ({
        ...parameter,
        schema: { ...parameter.schema, ...(example !== undefined && { examples: [example] }) },
      })),
      bodies: Object.fromEntries(
        Object.entries(raw.requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema ?? {}]),
      ),
      scope: raw.security[0]?.key?.[0],
      statuses: Object.keys(raw.responses).map(Number),
    })),
  )

  const pointerOf = ({ path, method }: Operation) => `/paths/${escape(path)}/${method.toLowerCase()}`

  return {
    operations,
    resolve: (schema: Schema): Schema => (typeof schema['$ref'] === 'string' ? (at(schema['$ref'].slice(1)) as Schema) : schema),
    /** Content types of an answer with this status; none for an empty one. */
    contentTypes(operation: Operation, status: number): readonly string[] {
      return Object.keys(this.answer(operation, status).content)
    },
    answer(operation: Operation, status: number) {
      const own = `${pointerOf(operation)}/responses/${status}`
      const { $ref } = at(own) as { $ref?: string }
      const pointer = $ref ? $ref.slice(1) : own
      return { pointer, content: (at(pointer) as Content).content ?? {} }
    },
    /** What is wrong with an answer's body, or undefined. */
    faultOf(operation: Operation, status: number, type: string, body: unknown): string | undefined {
      const check = compile(`${this.answer(operation, status).pointer}/content/${escape(type)}/schema`)
      return check(body) ? undefined : ajv.errorsText(check.errors)
    },
    accepts(operation: Operation, type: string, body: unknown): boolean {
      return compile(`${pointerOf(operation)}/requestBody/content/${escape(type)}/schema`)(body)
    },
  }
}

export type Description = ReturnType<typeof readDescription>
