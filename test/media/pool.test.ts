import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Retryable } from '#src/errors.ts'
import { createPool, type Lane, type Pool } from '#src/media/pool.ts'
import type { Job } from '#src/media/protocol.ts'

const double = fileURLToPath(new URL('./pool-double.ts', import.meta.url))

describe('the pool of compositor children', () => {
  let started: ChildProcess[]
  let pool: Pool

  const start = () => {
    const child = fork(double, { execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    started.push(child)
    return child
  }
  const open = (processes: number) => createPool({ processes, start, maxJobs: 3, maxRss: 1e9 })
  const run = (act: string, value?: unknown, more: { lane?: Lane; timeoutMs?: number; signal?: AbortSignal } = {}) =>
    pool.run({ kind: 'probe', input: { act, value } } as unknown as Job, {
      lane: more.lane ?? 'batch',
      timeoutMs: more.timeoutMs ?? 20_000,
      signal: more.signal,
    })

  beforeEach(() => {
    started = []
    pool = open(1)
  })
  afterEach(() => pool.close())

  it('starts nothing before there is work, and uses one child for one job after the other', async () => {
    expect(started).toHaveLength(0)
    const pids = [await run('pid'), await run('pid')]
    expect(new Set(pids).size).toBe(1)
    expect(started).toHaveLength(1)
  })

  it('carries bytes both ways', async () => {
    expect(await run('echo', { bytes: new Uint8Array([1, 2, 3]) })).toEqual({ bytes: new Uint8Array([1, 2, 3]) })
  })

  it('answers a crash with Retryable and does the next job in a new process', async () => {
    await expect(run('crash')).rejects.toThrow(Retryable)
    expect(await run('echo', 'alive')).toBe('alive')
    expect(started).toHaveLength(2)
  })

  it('passes on a verdict and keeps the process, but takes a new one after any other fault', async () => {
    await expect(run('fail')).rejects.toMatchObject({ name: 'Terminal', code: 'bad_clip', message: 'No.' })
    await run('pid')
    expect(started).toHaveLength(1)
    await expect(run('stumble')).rejects.toThrow(Retryable)
    await run('pid')
    expect(started).toHaveLength(2)
  })

  it('ends a job that takes too long by force', async () => {
    await expect(run('hang', undefined, { timeoutMs: 50 })).rejects.toThrow(/no answer within 50 ms/)
    expect(started[0]!.signalCode).toBe('SIGKILL')
  })

  it('ends a running job on abort, with the reason of the signal', async () => {
    const controller = new AbortController()
    const running = run('hang', undefined, { signal: controller.signal })
    const reason = new Error('campaign cancelled')
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
    expect(started[0]!.signalCode).toBe('SIGKILL')
    expect(await run('echo', 1)).toBe(1)
  })

  it('takes an aborted job out of the queue and starts nothing for it', async () => {
    const blocker = new AbortController()
    const blocking = run('hang', undefined, { signal: blocker.signal })
    const controller = new AbortController()
    const waiting = run('echo', 'never', { signal: controller.signal })
    controller.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    blocker.abort(new Error('enough'))
    await expect(blocking).rejects.toThrow('enough')
    await expect(run('echo', 1, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')
    expect(started).toHaveLength(1)
  })

  it('replaces a child after its number of jobs, and one that has grown too large', async () => {
    for (let job = 0; job < 4; job++) await run('echo')
    expect(started).toHaveLength(2)
    await run('big')
    await run('echo')
    expect(started).toHaveLength(3)
  })

  it('serves interactive work beside a queue of long jobs', async () => {
    const blocker = new AbortController()
    const long = [1, 2, 3].map(() => run('hang', undefined, { signal: blocker.signal }))
    expect(await run('echo', 'quick', { lane: 'interactive' })).toBe('quick')
    expect(started).toHaveLength(2)
    blocker.abort(new Error('done'))
    for (const one of await Promise.allSettled(long)) expect(one.status).toBe('rejected')
  })

  it('serves batch work in the order in which it came', async () => {
    const order: number[] = []
    await Promise.all([1, 2, 3, 4, 5].map((n) => run('echo', n).then((value) => order.push(value as number))))
    expect(order).toEqual([1, 2, 3, 4, 5])
  })

  it('leaves no process when it closes, and refuses further work', async () => {
    const running = run('hang')
    const waiting = run('echo')
    const settled = Promise.allSettled([running, waiting])
    await pool.close()
    for (const one of await settled) expect(one).toMatchObject({ status: 'rejected', reason: { name: 'Retryable' } })
    for (const child of started) expect(child.signalCode ?? child.exitCode).not.toBeNull()
    await expect(run('echo')).rejects.toThrow('closing')
    await pool.close()
  })

  it('reports a program that cannot be started', async () => {
    await pool.close()
    const broken = () => {
      const child = fork(double, { execPath: '/nonexistent/node', execArgv: [] })
      started.push(child)
      return child
    }
    pool = createPool({ processes: 1, start: broken, maxJobs: 3, maxRss: 1e9 })
    await expect(run('echo')).rejects.toThrow(Retryable)
  })
})

describe('a compositor child', () => {
  it('ends when its parent is gone', async () => {
    const child = fork(fileURLToPath(new URL('../../src/media/child.ts', import.meta.url)), {
      execArgv: [],
      serialization: 'advanced',
      env: { DISABLE_SYSTEM_FONTS_LOAD: '1' },
    })
    const answered = once(child, 'message')
    child.send({ kind: 'probe', input: { path: '/nonexistent.mp4' } })
    expect((await answered)[0]).toMatchObject({ ok: false, fault: { name: 'Retryable' } })
    const ended = once(child, 'exit')
    child.disconnect()
    expect((await ended)[0]).toBe(0)
  })
})
