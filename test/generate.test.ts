import { generate, outOfDate } from '#src/generate.ts'
import { expect, test } from 'vitest'

test('openapi.yaml, .env.example and the table of settings say what the code says; `npm run generate` writes them', async () => {
  expect(await outOfDate(await generate())).toEqual([])
})
