/** What an answer must be, whatever was asked. */
import { catalogue } from '#src/errors.ts'
import type { Description } from './description.ts'
import type { Case } from './requests.ts'
import type { World } from './world.ts'

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** The request as it was sent, with existing ids in place of placeholders. */
export interface Sent {
  readonly url: string
  readonly json?: unknown
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const statusOfCode = new Map<string, number>(Object.entries(catalogue).map(([code, { status }]) => [code, status]))

function problemFault({ status, headers, text }: Answered): string | undefined {
  const type = String(headers['content-type'])
  if (!type.startsWith('application/problem+json')) return `a ${status} is no problem document but ${type}`
  const body = parse(text) as Record<string, unknown> | undefined
  if (typeof body !== 'object') return `a ${status} without a JSON body`
  if (body['status'] !== status) return `a ${status} says that it is ${String(body['status'])}`
  if (statusOfCode.get(String(body['code'])) !== status) return `a ${status} with the code ${String(body['code'])}`
  if (/node_modules|\n\s+at /.test(text)) return 'a stack trace'
  if (status === 422 && body['code'] === 'invalid' && !Array.isArray(body['errors'])) return 'a 422 that names no fault'
  return undefined
}

/** An address that is too long to be routed is refused before anybody asks for a key. */
function identityFault({ identity }: Case, { status }: Answered): string | undefined {
  if (status === 414) return undefined
  if ((identity === 'none' || identity === 'unknown') && status !== 401) return `${status} without a valid key`
  if (identity === 'full' && status === 401) return 'a valid key was refused'
  if (identity === 'unscoped' && status !== 403) return `${status} for a key that lacks the scope`
  return undefined
}

export function createJudge(description: Description, world: World) {
  const otherIds = Object.values(world.other.ids).flat()

  function leak(sent: Sent, text: string): string | undefined {
    if (text.includes(world.canary) && !sent.url.includes(world.canary)) return "the other workspace's text"
    const id = otherIds.find((one) => text.includes(one))
    if (id === undefined || `${sent.url}${JSON.stringify(sent.json ?? '')}`.includes(id)) return undefined
    return `the other workspace's ${id.split('_')[0]}`
  }

  function bodyFault({ operation }: Case, { status, headers, text }: Answered): string | undefined {
    const types = description.contentTypes(operation, status)
    if (types.length === 0) return text === '' ? undefined : 'a body where none is declared'
    const type = String(headers['content-type']).split(';')[0]!
    if (!types.includes(type)) return `content type ${type}, declared: ${types.join(', ')}`
    if (!/[/+]json$/.test(type)) return undefined
    const body = parse(text)
    if (body === undefined) return `a body that is not JSON`
    const fault = description.faultOf(operation, status, type, body)
    return fault && `does not match its schema: ${fault}`
  }

  /** A body that the description does not allow must not have an effect. */
  function leniency({ operation, contentType, body }: Case, sent: Sent): string | undefined {
    if (!body || !('json' in body) || contentType !== 'application/json' || !operation.bodies[contentType]) return undefined
    return description.accepts(operation, contentType, sent.json) ? undefined : 'success for a body that the description forbids'
  }

  /** @returns what is wrong, or undefined */
  return (asked: Case, sent: Sent, answered: Answered): string | undefined => {
    const { status } = answered
    if (status >= 500) return `status ${status}`
    if (!answered.headers['x-request-id']) return 'no request id'
    const guarded = asked.operation.scope === undefined ? undefined : identityFault(asked, answered)
    if (guarded) return guarded
    if (!asked.operation.statuses.includes(status)) return `undeclared status ${status}`
    const problem = status >= 400 ? problemFault(answered) : undefined
    const lenient = status < 300 ? leniency(asked, sent) : undefined
    return (
      problem ?? bodyFault(asked, answered) ?? leak(sent, asked.operation.scope === 'operator' ? '' : answered.text) ?? lenient
    )
  }
}
