/**
 * A vendor to try things against: a real HTTP server that speaks every dialect at /<dialect>/v1 (and `json` at /v1), makes
 * real videos, keeps a bill, and misbehaves when it is told to. Its memory is its own: nothing survives it.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import { type DialectName, dialectNames, dialects } from '../dialects.ts'
import { createBackground } from './background.ts'
import { createCallbacks } from './callbacks.ts'
import { createControls, settingsSchema } from './control.ts'
import { type Exchange, sendError } from './http.ts'
import { createJobs, type Job, type Jobs, type Wanted } from './jobs.ts'
import { createOrders, orderSchema } from './orders.ts'
import { createResult } from './result.ts'
import { createVendor, type Vendor } from './vendor.ts'

export interface SimulatorOptions {
  /** 0 takes a free one. */
  readonly port?: number
  readonly host?: string
  /** The bytes of an MP4 for what is wanted; called for every download. */
  readonly makeClip: (wanted: Wanted) => Promise<Uint8Array>
  readonly priceMicroUsd: (wanted: Wanted) => number
  /** How long a job takes. */
  readonly jobMs?: number
  /** 0 ≤ x < 1 */
  readonly random?: () => number
  readonly now?: () => number
  /** Posts callbacks. */
  readonly fetch?: typeof globalThis.fetch
  /** Told of every request that failed inside the simulator. */
  readonly onError?: (error: unknown) => void
}

const videoPath = /^(?:\/(?<name>[\w-]+))?\/v1\/videos(?:\/(?<id>[^/]+)(?<content>\/content)?)?$/

interface Routes {
  readonly vendors: ReadonlyMap<string, Vendor>
  readonly controls: ReturnType<typeof createControls>
  readonly jobs: Jobs
  readonly now: () => number
  readonly sendClip: (exchange: Exchange, job: Job) => Promise<void>
}

const nothingHere = (exchange: Exchange) => sendError(exchange, 404, 'not_found', 'There is nothing at this address.')

function createAnswer({ vendors, controls, jobs, now, sendClip }: Routes) {
  function result(exchange: Exchange, id: string): void | Promise<void> {
    const job = jobs.get(decodeURIComponent(id))
    return job?.fate.kind === 'video' && now() >= job.endsAt ? sendClip(exchange, job) : nothingHere(exchange)
  }

  function video(exchange: Exchange): void | Promise<void> {
    const parts = videoPath.exec(exchange.url.pathname)?.groups
    const vendor = parts && vendors.get(parts['name'] ?? 'json')
    if (!vendor) return nothingHere(exchange)
    const { id, content } = parts
    if (id === undefined) return exchange.request.method === 'POST' ? vendor.submit(exchange) : vendor.list(exchange)
    return content ? result(exchange, id) : vendor.poll(exchange, decodeURIComponent(id))
  }

  return async (exchange: Exchange): Promise<void> => {
    const { pathname } = exchange.url
    const control = controls[`${exchange.request.method} ${pathname}`]
    const file = /^\/results\/([^/]+)$/.exec(pathname)?.[1]
    await (control ? control(exchange) : file === undefined ? video(exchange) : result(exchange, file))
  }
}

/** Listens when it resolves. */
export async function startSimulator(options: SimulatorOptions) {
  const { random = Math.random, now = Date.now, host = '127.0.0.1', makeClip, priceMicroUsd, onError = () => undefined } = options
  const settings = { job_ms: options.jobMs ?? 3000, idempotent: false, result_host: host }
  const background = createBackground(onError)
  const orders = createOrders(random)
  // A slash, because ids are opaque: whoever builds addresses has to encode them.
  const newId = () => `video/${Math.floor(random() * 36 ** 8).toString(36)}-${jobs.all().length + 1}`
  const jobs = createJobs({ now, newId, orders, priceMicroUsd, jobMs: () => settings.job_ms })

  const origin = (name = host) => `http://${name}:${(server.address() as AddressInfo).port}`
  const speaker = {
    jobs,
    orders,
    now,
    wait: background.wait,
    idempotent: () => settings.idempotent,
    resultUrl: (job: Job) => `${origin(settings.result_host)}/results/${encodeURIComponent(job.id)}?signature=secret`,
    callBack: createCallbacks({ background, now, fetch: options.fetch ?? globalThis.fetch }),
  }
  const answer = createAnswer({
    vendors: new Map(dialectNames.map((name) => [name, createVendor({ ...speaker, name, dialect: dialects[name] })])),
    controls: createControls({ jobs, orders, settings }),
    jobs,
    now,
    sendClip: createResult({ orders, makeClip, wait: background.wait }),
  })

  const server = createServer((request, response) => {
    const exchange = { request, response, url: new URL(request.url ?? '/', 'http://simulator') }
    response.on('error', () => undefined)
    const answered = answer(exchange).catch((error: unknown) => {
      if (!response.headersSent) sendError(exchange, 500, 'simulator_fault', String(error))
      throw error
    })
    background.run(answered)
  })
  server.listen(options.port ?? 0, host)
  await once(server, 'listening')

  return {
    /** http://127.0.0.1:port */
    url: origin(),
    /** What the `base_url` of a provider with this dialect is. */
    baseUrl: (name: DialectName): string => `${origin()}/${name}/v1`,
    jobs,
    order: (order: z.input<typeof orderSchema>): void => orders.add(orderSchema.parse(order)),
    clearOrders: (): void => orders.clear(),
    set: (changes: z.input<typeof settingsSchema>): void => void Object.assign(settings, settingsSchema.parse(changes)),
    async close(): Promise<void> {
      server.close()
      server.closeAllConnections()
      await background.stop()
    },
  }
}

export type Simulator = Awaited<ReturnType<typeof startSimulator>>
