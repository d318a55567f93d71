/** `npm run test:chaos`: the long form. CHAOS_SEED repeats the decisions of a run, CHAOS_KEEP leaves its logs and data. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: { include: ['test/chaos/*.long.ts'], pool: 'forks', maxWorkers: 1, testTimeout: 3_600_000, hookTimeout: 120_000 },
})
