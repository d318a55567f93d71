import { createHealth, type Part } from '#src/health.ts'
import { expect, test } from 'vitest'

function setUp(parts: Record<string, Part>) {
  const state = { now: 0, draining: false, faults: [] as string[] }
  const health = createHealth({
    parts,
    isDraining: () => state.draining,
    monotonic: () => state.now,
    onFault: (part) => state.faults.push(part),
  })
  return { health, state }
}

test('every part is asked, and one that fails is named without its secrets', async () => {
  const broken = { keepMs: 0, probe: () => Promise.reject(new Error('redis://:top-secret@10.0.0.3 refused')) }
  const { health, state } = setUp({ database: { keepMs: 0, probe: async () => 1 }, queue: broken })
  const checks = await health.readiness()
  expect(checks).toMatchObject({ database: { ok: true }, queue: { ok: false }, process: { ok: true } })
  expect(JSON.stringify(checks)).not.toContain('secret')
  expect(state.faults).toEqual(['queue'])
})

test('an answer is kept for its time, then the part is asked again', async () => {
  let asked = 0
  const { health, state } = setUp({ queue: { keepMs: 1_000, probe: async () => ++asked } })
  await Promise.all([health.readiness(), health.readiness()])
  state.now = 999
  await health.readiness()
  expect(asked).toBe(1)
  state.now = 1_000
  await health.readiness()
  expect(asked).toBe(2)
})

test('a process that stops is not ready', async () => {
  const { health, state } = setUp({})
  state.draining = true
  expect(await health.readiness()).toMatchObject({ process: { ok: false } })
})
