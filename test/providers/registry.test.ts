import { expect, test } from 'vitest'
import { createRegistry } from '#src/providers/registry.ts'
import { createStoryboardProvider } from '#src/providers/storyboard.ts'
import type { VideoProvider } from '#src/providers/provider.ts'

const storyboard = createStoryboardProvider({ render: () => Promise.resolve(), workDir: '/nowhere' })
const named = (id: string, model: string): VideoProvider => ({
  ...storyboard,
  id,
  models: () => [{ ...storyboard.models()[0]!, id: `${id}/${model}`, maxInFlight: 3, submitsPerMinute: 7 }],
})

test('models and providers are found by id, models with slashes in their names too', () => {
  const gateway = named('gateway', 'vendor/wan-3.0')
  const registry = createRegistry({ providers: [storyboard, gateway] })
  expect(registry.providerOf('gateway/vendor/wan-3.0')).toBe(gateway)
  expect(registry.provider('storyboard')).toBe(storyboard)
  expect(registry.card('gateway/vendor/wan-3.0')?.maxInFlight).toBe(3)
  expect(registry.cards().map(({ id }) => id)).toEqual(['storyboard/animatic', 'gateway/vendor/wan-3.0'])
  expect(registry.limits().get('gateway/vendor/wan-3.0')).toMatchObject({ maxInFlight: 3, submitsPerMinute: 7 })
})

test('an unknown model is a fault that names the models there are', () => {
  const registry = createRegistry({ providers: [storyboard, named('sim', 'wan')] })
  expect(registry.card('sora/2')).toBeUndefined()
  expect(registry.providerOf('sora/2')).toBeUndefined()
  expect(() => registry.requireCard('sora/2', '/models/0')).toThrow(
    expect.objectContaining({
      code: 'invalid',
      errors: [
        {
          pointer: '/models/0',
          code: 'unknown_model',
          message: 'There is no model "sora/2". Configured models: sim/wan, storyboard/animatic.',
        },
      ],
    }) as Error,
  )
})

test('two providers of one id are refused', () => {
  expect(() => createRegistry({ providers: [storyboard, storyboard] })).toThrow('one id')
})
