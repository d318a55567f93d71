/** Sends cases to a service, a few at a time, and keeps every fault that it finds once. */
import fc from 'fast-check'
import { type Dispatcher, Pool } from 'undici'
import type { Description } from './description.ts'
import { createJudge, type Answered, type Sent } from './judge.ts'
import { createCases, type Case } from './requests.ts'
import type { World } from './world.ts'

const atOnce = 8
const chunk = 400

/** A stream of events has no end; its first bytes are not looked at either. */
export async function textOf({ headers, body }: Dispatcher.ResponseData): Promise<string> {
  if (!String(headers['content-type']).startsWith('text/event-stream')) return await body.text()
  body.on('error', () => {}).destroy()
  return ''
}

export interface FoundFault {
  readonly operation: string
  readonly fault: string
  /** How to see it again. */
  readonly request: string
  readonly answer: string
}

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** What cannot travel in an address is sent as the escape that comes next to it. */
const encode = (value: unknown) => encodeURIComponent(text(value).toWellFormed())

export function urlOf({ operation, path, query }: Case): string {
  const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encode(path[name]) || '%20')
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
  const search = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
  return search ? `${filled}?${search}` : filled
}

function bearerOf({ identity, operation }: Case, { mine, operator }: World): string | undefined {
  if (identity === 'none') return undefined
  if (identity === 'unknown') return 'spk_000000000000000000000000000000000000'
  if (operation.scope === 'operator') return identity === 'unscoped' ? mine.key : operator
  return identity === 'unscoped' ? mine.without[operation.scope!] : mine.key
}

export function createRunner(url: string, description: Description, world: World) {
  const pool = new Pool(url, { connections: atOnce, headersTimeout: 60_000 })
  const judge = createJudge(description, world)
  const faults = new Map<string, FoundFault>()
  const statuses = new Map<string, Map<number, number>>()

  /** @returns what was answered, after it was judged */
  async function send(asked: Case): Promise<Answered> {
    const resolved = world.resolve({
      path: asked.path,
      query: asked.query,
      json: asked.body && 'json' in asked.body ? asked.body.json : undefined,
    })
    const sent: Sent = { url: urlOf({ ...asked, path: resolved.path, query: resolved.query }), json: resolved.json }
    const body = asked.body && ('json' in asked.body ? JSON.stringify(resolved.json) : asked.body.text)
    const bearer = bearerOf(asked, world)
    const answer = await pool.request({
      method: asked.operation.method,
      path: sent.url,
      headers: {
        ...asked.headers,
        ...(bearer && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && asked.contentType && { 'content-type': asked.contentType }),
      },
      ...(body !== undefined && { body }),
    })
    const answered: Answered = { status: answer.statusCode, headers: answer.headers, text: await textOf(answer) }
    note(asked, sent, body, answered)
    return answered
  }

  function note(asked: Case, sent: Sent, body: string | undefined, answered: Answered): void {
    const { operation } = asked
    const seen = statuses.get(operation.id) ?? new Map<number, number>()
    statuses.set(operation.id, seen.set(answered.status, (seen.get(answered.status) ?? 0) + 1))
    world.learn(answered.text, { created: answered.status === 201 })
    const fault = judge(asked, sent, answered)
    const name = `${operation.id}: ${fault?.replaceAll(/\d{3,}/g, '…')}`
    if (fault === undefined || faults.has(name)) return
    const request = `${operation.method} ${sent.url} ${JSON.stringify(asked.headers)} ${asked.contentType ?? ''} ${(body ?? '').slice(0, 2000)}`
    faults.set(name, { operation: operation.id, fault, request, answer: `${answered.status} ${answered.text.slice(0, 600)}` })
  }

  return {
    send,
    faults: () => [...faults.values()],
    /** Operation → status → how often. */
    statuses,
    async run(cases: number, seed: number): Promise<void> {
      const arbitrary = createCases(description)
      for (let done = 0; done < cases; done += chunk) {
        const batch = fc.sample(arbitrary, { numRuns: Math.min(chunk, cases - done), seed: seed + done })
        const lanes = Array.from({ length: atOnce }, (_, lane) => batch.filter((_case, i) => i % atOnce === lane))
        await Promise.all(
          lanes.map(async (lane) => {
            for (const one of lane) await send(one)
          }),
        )
      }
    },
    close: () => pool.close(),
  }
}
