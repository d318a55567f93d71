/** What every adapter promises, whoever makes its clips; run over each in test/providers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '#src/contracts/json.ts'
import type { Attempt, VideoProvider } from '#src/providers/provider.ts'

export interface OpenedProvider {
  readonly provider: VideoProvider
  /** The same provider in another process: nothing in memory is shared. */
  restarted(): VideoProvider
  /** A new attempt that the first model can do. */
  attempt(): Attempt
  close(): Promise<void>
}

const { signal } = new AbortController()
/** What a jsonb column gives back. */
const kept = <T extends Json>(value: T): T => JSON.parse(JSON.stringify(value)) as T

export function describeProvider(name: string, open: () => Promise<OpenedProvider>): void {
  describe(`provider: ${name}`, () => {
    let opened: OpenedProvider
    let provider: VideoProvider
    beforeAll(async () => {
      opened = await open()
      provider = opened.provider
    })
    afterAll(() => opened?.close())

    async function submitted() {
      const attempt = opened.attempt()
      const outcome = await provider.submit(attempt, { signal })
      if (outcome.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
      return { attempt, jobRef: kept(outcome.jobRef) }
    }

    async function finished(by = provider) {
      const { attempt, jobRef } = await submitted()
      const outcome = await by.poll(jobRef, attempt, { signal })
      if (outcome.kind !== 'succeeded') throw new Error(`not finished: ${JSON.stringify(outcome)}`)
      return {
        attempt,
        jobRef,
        outcome,
        output: kept(outcome.outputs[0]! as unknown as Json) as unknown as (typeof outcome.outputs)[0],
      }
    }

    const bytesOf = async (body: ReadableStream<Uint8Array>) => Buffer.concat(await Array.fromAsync(body))

    test('its model cards are complete and frozen', () => {
      expect(provider.models().length).toBeGreaterThan(0)
      for (const card of provider.models()) {
        expect(card.id.startsWith(`${provider.id}/`)).toBe(true)
        expect(card.aspectRatios.length * card.resolutions.length).toBeGreaterThan(0)
        expect(card.priceCheckedAt).toMatch(/^\d{4}-\d\d-\d\d$/)
        expect(Object.keys(card.priceMicroUsdPerSecond)).toEqual(expect.arrayContaining([...card.resolutions]))
        const cost = card.maxCostMicroUsd(opened.attempt().clip)
        expect(Number.isInteger(cost) && cost >= 0).toBe(true)
        expect(Object.isFrozen(card)).toBe(true)
      }
    })

    test('a submission is accepted with a reference that is JSON', async () => {
      const { jobRef } = await submitted()
      expect(jobRef).toEqual(kept(jobRef))
      expect(jobRef).toBeTruthy()
    })

    test('a finished job gives its video, as often as it is asked for, and no address with a credential', async () => {
      const { attempt, jobRef, output, outcome } = await finished()
      expect(outcome.costMicroUsd).toBe(provider.models()[0]!.maxCostMicroUsd(attempt.clip))
      expect(JSON.stringify(output)).not.toMatch(/https?:|signature|key=/i)
      for (let i = 0; i < 2; i++) {
        const { body, bytes, mediaType } = await provider.open(output, jobRef, attempt, { signal })
        const read = await bytesOf(body)
        expect(mediaType).toBe('video/mp4')
        expect(read.length).toBeGreaterThan(100)
        expect(bytes ?? read.length).toBe(read.length)
        expect(read.subarray(4, 8).toString()).toBe('ftyp')
      }
    })

    test('another process goes on with what was written down', async () => {
      const other = opened.restarted()
      const { attempt, jobRef, output } = await finished(other)
      const { body } = await other.open(output, jobRef, attempt, { signal })
      expect((await bytesOf(body)).length).toBeGreaterThan(100)
    })

    test('a reader may give up', async () => {
      const { attempt, jobRef, output } = await finished()
      const { body } = await provider.open(output, jobRef, attempt, { signal })
      await expect(body.cancel()).resolves.toBeUndefined()
    })

    test('an aborted opening rejects', async () => {
      const { attempt, jobRef, output } = await finished()
      await expect(
        provider.open(output, jobRef, attempt, { signal: AbortSignal.abort(new Error('lease lost')) }),
      ).rejects.toThrow('lease lost')
    })

    test('a submission whose answer was lost is found again', async () => {
      const { attempt, jobRef } = await submitted()
      const recovered = await opened.restarted().recover(attempt, { signal })
      expect(recovered).toEqual({ kind: 'found', jobRef })
    })
  })
}
