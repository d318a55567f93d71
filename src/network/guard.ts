/**
 * The target guard: what an outgoing request may be sent to. The same rules judge a URL when it is registered and a
 * connection when it is made, because a name may have been given another address in between.
 */
import { isIP, type LookupFunction } from 'node:net'
import { createResolve } from './resolve.ts'
import { judgeAddress, parseNetworks, refusedPorts } from './rules.ts'

export type RefusalCode =
  | 'invalid_url'
  | 'scheme_not_allowed'
  | 'userinfo_not_allowed'
  | 'port_not_allowed'
  | 'private_target'
  | 'unresolvable'

/** `message` names neither the address behind a name nor credentials: it is shown to whoever registered the URL. */
export interface Refusal {
  readonly status: 'refused'
  readonly code: RefusalCode
  readonly message: string
}
export type TargetVerdict = { readonly status: 'allowed' } | Refusal

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>

export interface GuardOptions {
  /** Networks in CIDR notation that may be reached although they are private (ALLOWED_PRIVATE_TARGETS). */
  readonly allowed?: readonly string[]
  /** Allow `http:` beside `https:`. */
  readonly insecure?: boolean
  /** Name → every address. Default: the DNS, then the system's resolver (resolve.ts). */
  readonly lookup?: Resolve
}

/** What a connection is refused with; undici hands it to whoever sent the request. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused'
  readonly code: RefusalCode
  constructor({ code, message }: Refusal) {
    super(message)
    this.code = code
  }
}

const allowedVerdict: TargetVerdict = { status: 'allowed' }
const refuse = (code: RefusalCode, message: string): Refusal => ({ status: 'refused', code, message })
const privateName =
  'The host resolves to an address outside the public internet. An operator can open private networks with ALLOWED_PRIVATE_TARGETS.'

/** @throws Error when `allowed` has an entry that is not a network */
export function createGuard({ allowed = [], insecure = false, lookup = createResolve() }: GuardOptions = {}) {
  const networks = parseNetworks(allowed)

  function judgeScheme(protocol: string): TargetVerdict {
    if (protocol === 'https:' || (insecure && protocol === 'http:')) return allowedVerdict
    return refuse(
      'scheme_not_allowed',
      insecure ? 'The address must begin with https:// or http://.' : 'The address must begin with https://.',
    )
  }

  function judgePort(port: string): TargetVerdict {
    if (port === '' || !refusedPorts.has(Number(port))) return allowedVerdict
    return refuse('port_not_allowed', `Port ${port} is not one for HTTP: use 443 or another free port.`)
  }

  /** A literal address; a name passes, for resolve() to judge. */
  function judgeLiteral(hostname: string): TargetVerdict {
    const host = withoutBrackets(hostname)
    if (isIP(host) === 0) return allowedVerdict
    const verdict = judgeAddress(host, networks)
    return verdict.status === 'allowed'
      ? allowedVerdict
      : refuse(
          'private_target',
          `The address is not on the public internet (${verdict.what}). An operator can open private networks with ALLOWED_PRIVATE_TARGETS.`,
        )
  }

  /** Everything about a connection that is known before a name is resolved. `port` is '' for the scheme's own. */
  const judgeConnection = ({ protocol, hostname, port }: { protocol: string; hostname: string; port: string }): TargetVerdict =>
    firstRefusal(
      () => judgeScheme(protocol),
      () => judgePort(port),
      () => judgeLiteral(hostname),
    )

  function judgeUrl(text: string): TargetVerdict {
    const url = URL.parse(text)
    if (!url) return refuse('invalid_url', 'This is not an absolute URL.')
    if (url.username || url.password) return refuse('userinfo_not_allowed', 'The address must not carry a user name or password.')
    return judgeConnection(url)
  }

  /** All of a name's addresses, or a refusal when one of them is not allowed: a mixed answer is how rebinding begins. */
  async function resolve(hostname: string): Promise<readonly ResolvedAddress[] | Refusal> {
    const addresses = await lookup(hostname)
    if (addresses.length === 0) return refuse('unresolvable', 'The host name does not resolve.')
    const isRefused = addresses.some(({ address }) => judgeAddress(address, networks).status === 'refused')
    return isRefused ? refuse('private_target', privateName) : addresses
  }

  async function judgeName(hostname: string): Promise<TargetVerdict> {
    if (isIP(withoutBrackets(hostname)) !== 0) return allowedVerdict
    const resolved = await resolve(hostname).catch(() => refuse('unresolvable', 'The host name does not resolve.'))
    return 'status' in resolved ? resolved : allowedVerdict
  }

  return {
    judgeConnection,
    /** Judges the URL and the addresses that its name has now; for registration. Sends nothing to the target. */
    async check(text: string): Promise<TargetVerdict> {
      const verdict = judgeUrl(text)
      return verdict.status === 'refused' ? verdict : await judgeName(new URL(text).hostname)
    },
    judgeUrl,
    /** The address a socket is really connected to. */
    judgePeer: (address: string | undefined): TargetVerdict =>
      judgeAddress(address ?? '', networks).status === 'allowed' ? allowedVerdict : refuse('private_target', privateName),
    /** For net.connect: only judged addresses are ever dialled. */
    lookup: asNodeLookup(resolve),
  }
}

export type Guard = ReturnType<typeof createGuard>

const withoutBrackets = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host)

function firstRefusal(...judges: readonly (() => TargetVerdict)[]): TargetVerdict {
  for (const judge of judges) {
    const verdict = judge()
    if (verdict.status === 'refused') return verdict
  }
  return allowedVerdict
}

function asNodeLookup(resolve: (hostname: string) => Promise<readonly ResolvedAddress[] | Refusal>): LookupFunction {
  return (hostname, options, callback) => {
    const fail = (error: Error) => callback(error, '', 0)
    const answer = (found: readonly ResolvedAddress[] | Refusal) => {
      if ('status' in found) return fail(new TargetRefused(found))
      if (options.all) return callback(null, [...found])
      return callback(null, found[0]!.address, found[0]!.family)
    }
    resolve(hostname).then(answer, fail)
  }
}
