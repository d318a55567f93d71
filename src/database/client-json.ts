/**
 * JSON on the way into Postgres. `pg` turns a JavaScript array into a Postgres array and leaves a string as it is, so
 * either would break in a jsonb column. A Kysely plugin serialises what inserts and updates write into the columns below;
 * a value inside raw SQL goes through `json()`.
 */
import type { Json } from '#src/contracts/json.ts'
import type { Tables } from './tables.ts'
import {
  type ColumnUpdateNode,
  type InsertQueryNode,
  type KyselyPlugin,
  type OnConflictNode,
  type OperationNode,
  OperationNodeTransformer,
  type RawBuilder,
  sql,
  type UpdateQueryNode,
  type ValuesItemNode,
  type ValuesNode,
} from 'kysely'

/** Every jsonb column of the schema; test/database/client.test.ts compares it with the migrated database. */
export const jsonColumns: { readonly [T in keyof Tables]?: readonly (keyof Tables[T] & string)[] } = {
  workspaces: ['limits', 'retention', 'metadata'],
  audit_log: ['details'],
  idempotency_keys: ['headers'],
  media: ['metadata'],
  formats: ['spec'],
  templates: ['metadata'],
  template_versions: ['spec'],
  audiences: ['metadata'],
  segments: ['attributes'],
  imports: ['error'],
  brands: ['spec'],
  campaigns: ['settings', 'metadata'],
  plans: ['result', 'context', 'progress', 'error'],
  plan_invalid: ['errors'],
  shots: ['spec', 'error'],
  generations: ['spec', 'job_ref', 'outputs', 'clip', 'error'],
  attempts: ['request', 'job_ref', 'evidence', 'error'],
  variants: ['texts', 'error'],
  renditions: ['disclosure', 'provenance', 'qa', 'error'],
  webhook_endpoints: ['metadata'],
}

/** A jsonb value for raw SQL and for comparisons: sql`… @> ${json({ a: 1 })}`. `null` becomes JSON null, not SQL null. */
export const json = <T extends Json>(value: T): RawBuilder<T> => sql<T>`${JSON.stringify(value)}::jsonb`

const serialise = (value: unknown): unknown => (value === null || value === undefined ? value : JSON.stringify(value))

/** A ValueNode gets its value serialised; an expression (sql, json(), a reference) is left alone. */
function serialiseNode<T extends OperationNode>(node: T): T {
  return node.kind === 'ValueNode' && 'value' in node ? { ...node, value: serialise(node.value) } : node
}

function serialiseUpdates(updates: readonly ColumnUpdateNode[], names: ReadonlySet<string>): ColumnUpdateNode[] {
  return updates.map((update) =>
    names.has(columnName(update.column)) ? { ...update, value: serialiseNode(update.value) } : update,
  )
}

function columnName(node: OperationNode): string {
  if (node.kind === 'ReferenceNode' && 'column' in node) return columnName(node.column as OperationNode)
  if (node.kind === 'ColumnNode' && 'column' in node) return (node.column as { name: string }).name
  return ''
}

/** The table of an insert or update: a TableNode, or one behind an alias. */
function jsonColumnsOf(node: OperationNode | undefined): ReadonlySet<string> {
  if (node?.kind === 'AliasNode' && 'node' in node) return jsonColumnsOf(node.node as OperationNode)
  if (node?.kind !== 'TableNode' || !('table' in node)) return new Set()
  const { identifier } = node.table as { identifier: { name: string } }
  return new Set<string>(jsonColumns[identifier.name as keyof Tables] ?? [])
}

function serialiseItem(item: ValuesItemNode, isJson: readonly boolean[]): ValuesItemNode {
  return item.kind === 'PrimitiveValueListNode'
    ? { ...item, values: item.values.map((value, i) => (isJson[i] ? serialise(value) : value)) }
    : { ...item, values: item.values.map((value, i) => (isJson[i] ? serialiseNode(value) : value)) }
}

function serialiseInsert(node: InsertQueryNode): InsertQueryNode {
  const names = jsonColumnsOf(node.into)
  const isJson = (node.columns ?? []).map((column) => names.has(columnName(column)))
  if (!isJson.includes(true) || node.values?.kind !== 'ValuesNode') return node
  const { values } = node.values as ValuesNode
  return { ...node, values: { ...node.values, values: values.map((item) => serialiseItem(item, isJson)) } as ValuesNode }
}

function serialiseConflict(conflict: OnConflictNode | undefined, names: ReadonlySet<string>): OnConflictNode | undefined {
  return conflict?.updates ? { ...conflict, updates: serialiseUpdates(conflict.updates, names) } : conflict
}

class JsonTransformer extends OperationNodeTransformer {
  protected override transformInsertQuery(query: InsertQueryNode): InsertQueryNode {
    const node = super.transformInsertQuery(query)
    const onConflict = serialiseConflict(node.onConflict, jsonColumnsOf(node.into))
    return { ...serialiseInsert(node), ...(onConflict && { onConflict }) }
  }

  protected override transformUpdateQuery(query: UpdateQueryNode): UpdateQueryNode {
    const node = super.transformUpdateQuery(query)
    return node.updates ? { ...node, updates: serialiseUpdates(node.updates, jsonColumnsOf(node.table)) } : node
  }
}

/** Serialises what is written into the jsonb columns. */
export function createJsonPlugin(): KyselyPlugin {
  const transformer = new JsonTransformer()
  return {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: ({ result }) => Promise.resolve(result),
  }
}
