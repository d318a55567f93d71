import { expect, it } from 'vitest'
import { recoverThoughKilled } from '#test/e2e/recover-killed.ts'

it('600 failed deliveries recover completely although the service is killed halfway', async () => {
  const { arrived, repeated, mostRepeated } = await recoverThoughKilled(600)
  expect(arrived).toBe(600)
  expect(repeated).toBeLessThanOrEqual(mostRepeated)
})
