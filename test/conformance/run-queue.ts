/** What every run-queue does, whichever backend stands behind it. */
import type { Consumer, RunQueue, WakeUpHandler } from '#src/queue/run-queue.ts'
import { until } from '#test/support/until.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

interface OpenRunQueue {
  readonly runQueue: RunQueue
  close(): Promise<void>
}

export function runQueueSuite(name: string, open: () => Promise<OpenRunQueue>): void {
  describe(`run-queue on ${name}`, () => {
    let opened: OpenRunQueue
    let runQueue: RunQueue
    const consumers: Consumer[] = []
    let count = 0
    const newRow = () => `row_${++count}`

    beforeAll(async () => {
      opened = await open()
      runQueue = opened.runQueue
    })
    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.close(0)))
      expect(await runQueue.waiting('plan')).toBe(0)
    })
    afterAll(() => opened.close())

    function consume(handler: WakeUpHandler, concurrency = 4): Consumer {
      const consumer = runQueue.consume('plan', { concurrency }, handler)
      consumers.push(consumer)
      return consumer
    }

    /** A consumer that notes what it gets. */
    function collect(): string[] {
      const seen: string[] = []
      consume(async (id) => void seen.push(id))
      return seen
    }

    test('carries a wake-up to a consumer, also one that comes later', async () => {
      const early = newRow()
      await runQueue.wake('plan', [{ id: early, starts: 0 }])
      expect(await runQueue.waiting('plan')).toBe(1)
      const seen = collect()
      await until(
        () => seen,
        (ids) => ids.includes(early),
        'the early wake-up',
      )
      const late = newRow()
      await runQueue.wake('plan', [{ id: late, starts: 0 }])
      await until(
        () => seen,
        (ids) => ids.includes(late),
        'the late wake-up',
      )
      expect(seen).toEqual([early, late])
    })

    test('keeps kinds apart', async () => {
      const seen = collect()
      const [plan, other] = [newRow(), newRow()]
      await runQueue.wake('deliver', [{ id: other, starts: 0 }])
      await runQueue.wake('plan', [{ id: plan, starts: 0 }])
      await until(
        () => seen,
        (ids) => ids.length > 0,
        'the wake-up',
      )
      expect(seen).toEqual([plan])
      expect(await runQueue.waiting('deliver')).toBe(1)
    })

    test('does not add a wake-up that waits already, but the next start of the row', async () => {
      const id = newRow()
      await runQueue.wake('plan', [
        { id, starts: 0 },
        { id, starts: 0 },
      ])
      await runQueue.wake('plan', [{ id, starts: 0 }])
      expect(await runQueue.waiting('plan')).toBe(1)
      await runQueue.wake('plan', [{ id, starts: 1 }])
      expect(await runQueue.waiting('plan')).toBe(2)
      const seen = collect()
      await until(
        () => seen,
        (ids) => ids.length === 2,
        'both starts',
      )
    })

    test('wakes the same start again once its job is done, whether it failed or not', async () => {
      const id = newRow()
      const seen: string[] = []
      consume(async (row) => {
        seen.push(row)
        if (seen.length === 1) throw new Error('failed once')
      })
      for (const times of [1, 2, 3])
        await until(
          async () => {
            // A job that is just being finished still swallows its twin; the top-up asks again as well.
            if (seen.length < times) await runQueue.wake('plan', [{ id, starts: 0 }])
            return seen.length
          },
          (length) => length >= times,
          `run ${times}`,
        )
      expect(seen.every((row) => row === id)).toBe(true)
    })

    test('runs a failed wake-up once', async () => {
      const [bad, good] = [newRow(), newRow()]
      const seen: string[] = []
      consume(async (id) => {
        seen.push(id)
        if (id === bad) throw new Error('bad row')
      }, 1)
      await runQueue.wake('plan', [
        { id: bad, starts: 0 },
        { id: good, starts: 0 },
      ])
      await until(
        () => seen,
        (ids) => ids.includes(good),
        'the row after the bad one',
      )
      expect(seen).toEqual([bad, good])
    })

    test('runs no more handlers at once than asked for', async () => {
      const gate = Promise.withResolvers<void>()
      let [running, most, done] = [0, 0, 0]
      consume(async () => {
        most = Math.max(most, ++running)
        await gate.promise
        running--
        done++
      }, 3)
      await runQueue.wake(
        'plan',
        Array.from({ length: 9 }, () => ({ id: newRow(), starts: 0 })),
      )
      await until(
        () => running,
        (n) => n === 3,
        'three at once',
      )
      gate.resolve()
      await until(
        () => done,
        (n) => n === 9,
        'all nine',
      )
      expect(most).toBe(3)
    })

    test('close waits for a running handler and takes nothing more', async () => {
      const gate = Promise.withResolvers<void>()
      const seen: string[] = []
      let aborted = false
      const consumer = consume(async (id, { signal }) => {
        seen.push(id)
        await gate.promise
        aborted = signal.aborted
      }, 1)
      const [first, second] = [newRow(), newRow()]
      await runQueue.wake('plan', [
        { id: first, starts: 0 },
        { id: second, starts: 0 },
      ])
      await until(
        () => seen.length,
        (n) => n === 1,
        'the first handler',
      )
      const closed = consumer.close(10_000)
      gate.resolve()
      await closed
      expect(seen).toEqual([first])
      expect(aborted).toBe(false)
      expect(consumer.close(0)).toBe(closed)
      const rest = collect()
      await until(
        () => rest,
        (ids) => ids.includes(second),
        'the second, elsewhere',
      )
    })

    test('close aborts handlers at its deadline, and ends although one ignores that', async () => {
      const signals: AbortSignal[] = []
      const stubborn = Promise.withResolvers<void>()
      const consumer = consume(async (_id, { signal }) => {
        signals.push(signal)
        await stubborn.promise
      })
      await runQueue.wake('plan', [{ id: newRow(), starts: 0 }])
      await until(
        () => signals.length,
        (n) => n === 1,
        'the handler',
      )
      await consumer.close(20)
      expect(signals[0]?.aborted).toBe(true)
      stubborn.resolve()
    })

    test('the canary runs, many at once too, and says when it could not', async () => {
      await Promise.all([runQueue.canary(10_000), runQueue.canary(10_000)])
      await expect(runQueue.canary(0)).rejects.toThrow('No job ran on the run-queue within 0 ms')
    })
  })
}
