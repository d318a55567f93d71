import { it } from 'vitest'
import { recoverThoughKilled } from '#test/e2e/recover-killed.ts'

it('600 failed deliveries recover completely although the service is killed halfway', () => recoverThoughKilled(600))
