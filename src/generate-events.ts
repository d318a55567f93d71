/** The events as TypeScript types for src/client, printed from the JSON Schemas that openapi.yaml has. */
import { eventTypes, type EventType } from './domain/events/types.ts'
import { eventSchema, schemaName } from './http/openapi-webhooks.ts'

/** The part of JSON Schema that the events use. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema
}

const literal = (text: string): string => `'${text.replaceAll("'", String.raw`\'`)}'`
const simple: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
}

function objectType({ properties, required = [], additionalProperties }: Schema, indent: string): string {
  if (!properties) return `Record<string, ${additionalProperties ? typeOf(additionalProperties, indent) : 'unknown'}>`
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([name, schema]) => {
    const about = schema.description ? `${inner}/** ${schema.description} */\n` : ''
    return `${about}${inner}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)}\n`
  })
  return `{\n${lines.join('')}${indent}}`
}

/** @throws Error for what no event has used so far: the printer must learn it, not guess */
function typeOf(schema: Schema, indent: string): string {
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum) return schema.enum.map(literal).join(' | ')
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, indent)).join(' | ')
  if (typeof schema.type === 'object') return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ')
  if (schema.type === 'object') return objectType(schema, indent)
  if (schema.type === 'array' && schema.items) return arrayOf(typeOf(schema.items, indent))
  const name = simple[schema.type ?? '']
  if (name === undefined) throw new Error(`There is no type for the schema ${JSON.stringify(schema)}.`)
  return name
}

const arrayOf = (item: string): string => (item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`)

function interfaceOf(type: EventType): string {
  const schema = eventSchema(type) as Schema
  return `/** ${schema.description} */\nexport interface ${schemaName(type)} ${objectType(schema, '')}\n`
}

/** The text of src/client/webhook-events.ts. */
export function eventTypesFile(): string {
  const types = Object.keys(eventTypes) as EventType[]
  const map = types.map((type) => `  ${literal(type)}: ${schemaName(type)}\n`).join('')
  return [
    '/** Made from src/domain/events/types.ts by `npm run generate`: what is posted to webhook endpoints. */\n',
    ...types.map(interfaceOf),
    `/** Event type → the body that is posted. */\nexport interface WebhookEvents {\n${map}}\n`,
  ].join('\n')
}
