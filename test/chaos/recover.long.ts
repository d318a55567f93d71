import { expect, it } from 'vitest'
import { recoverThoughKilled } from '#test/e2e/recover-killed.ts'

it('50,000 failed deliveries recover completely although the service is killed halfway', async () => {
  const { arrived, repeated, mostRepeated } = await recoverThoughKilled(50_000)
  expect(arrived).toBe(50_000)
  expect(repeated).toBeLessThanOrEqual(mostRepeated)
})
