import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { expect, it } from 'vitest'
import { eventTypes } from '#src/domain/events/types.ts'

interface Schema {
  readonly properties: Readonly<Record<string, Schema & { const?: string }>>
  readonly required: readonly string[]
}
interface Document {
  readonly webhooks: Readonly<
    Record<string, { post: { requestBody: { content: Record<string, { schema: { $ref: string } }> } } }>
  >
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

it('openapi.yaml describes every event with the schema of its body', async () => {
  const document = parse(await readFile(new URL('../../openapi.yaml', import.meta.url), 'utf8')) as Document
  expect(Object.keys(document.webhooks).toSorted()).toEqual(Object.keys(eventTypes).toSorted())
  for (const [type, { post }] of Object.entries(document.webhooks)) {
    const name = post.requestBody.content['application/json']!.schema.$ref.split('/').at(-1)!
    const schema = document.components.schemas[name]!
    expect(schema.properties['type']!.const).toBe(type)
    expect(schema.required).toEqual(['type', 'timestamp', 'data'])
    const shape = eventTypes[type as keyof typeof eventTypes].data.shape
    expect(Object.keys(schema.properties['data']!.properties)).toEqual(Object.keys(shape))
  }
})
