import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { StoryboardSpec } from '#src/contracts/composition.ts'
import { createStoryboardProvider } from '#src/providers/storyboard.ts'
import { describeProvider } from '#test/conformance/provider.ts'
import { attemptFor, clipBytes } from '#test/support/simulator.ts'

const workDir = await mkdtemp(join(tmpdir(), 'spotsmith-storyboard-'))
afterAll(() => rm(workDir, { recursive: true, force: true }))

const drawn: StoryboardSpec[] = []
const create = (render?: (spec: StoryboardSpec, path: string) => Promise<void>) =>
  createStoryboardProvider({
    workDir: join(workDir, 'work'),
    render: async (spec, path, { signal }) => {
      signal?.throwIfAborted()
      drawn.push(spec)
      await (render ?? ((_, to) => writeFile(to, clipBytes)))(spec, path)
    },
  })
const { signal } = new AbortController()

describeProvider('storyboard', () => {
  const provider = create()
  return Promise.resolve({ provider, restarted: create, attempt: () => attemptFor(provider), close: () => Promise.resolve() })
})

async function open(provider = create(), prompt = 'a fox') {
  const attempt = attemptFor(provider)
  const clip = { ...attempt.clip, prompt }
  const accepted = await provider.submit({ ...attempt, clip }, { signal })
  if (accepted.kind !== 'accepted') throw new Error('refused')
  const polled = await provider.poll(accepted.jobRef, attempt, { signal })
  if (polled.kind !== 'succeeded') throw new Error('not finished')
  return provider.open(polled.outputs[0]!, accepted.jobRef, attempt, { signal })
}

const left = () => readdir(join(workDir, 'work'))

test('the drawn file is removed when it was read, and when nobody reads it to the end', async () => {
  const { body } = await open()
  for await (const _ of body);
  const given = await open()
  await given.body.cancel()
  await expect.poll(left).toEqual([])
})

test('a drawing that fails leaves no file and says why', async () => {
  const failing = create(async (_, path) => {
    await writeFile(path, 'half')
    throw new Error('the child died')
  })
  await expect(open(failing)).rejects.toThrow('the child died')
  expect(await left()).toEqual([])
})

test('equal prompts are drawn equally, different ones differently, at the size that was asked for', async () => {
  drawn.length = 0
  for (const prompt of ['a fox', 'a fox', 'an owl']) await (await open(create(), prompt)).body.cancel()
  const [first, second, third] = drawn
  expect(first).toEqual(second)
  expect(first).toMatchObject({ prompt: 'a fox', width: 180, height: 320, seconds: 4, fps: 30, audio: false })
  expect(third!.seed).not.toBe(first!.seed)
})
