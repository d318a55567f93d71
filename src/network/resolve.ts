/**
 * Names to addresses. The system's resolver (getaddrinfo) blocks one of the four threads that the whole process has for
 * files, digests and names: four names whose servers never answer would stop everything. So the DNS is asked first, without
 * threads, and the system only where the DNS has quickly said that it does not know: names of /etc/hosts, search domains.
 */
import { lookup, Resolver } from 'node:dns/promises'
import type { Resolve, ResolvedAddress } from './guard.ts'

/** What a resolver does, narrowly. */
export interface DnsClient {
  resolve4(hostname: string): Promise<readonly string[]>
  resolve6(hostname: string): Promise<readonly string[]>
}

export interface ResolveOptions {
  readonly dns?: DnsClient
  readonly system?: Resolve
}

/** For each of two tries; less than an attempt may take in all. */
const TIMEOUT_MS = 2_500
/** Of the four threads of the process. */
const MOST_SYSTEM_LOOKUPS = 2

export function createResolve({ dns = createDns(), system = systemLookup }: ResolveOptions = {}): Resolve {
  const limited = atMost(MOST_SYSTEM_LOOKUPS, system)
  const running = new Map<string, Promise<readonly ResolvedAddress[]>>()

  async function resolve(hostname: string): Promise<readonly ResolvedAddress[]> {
    const [four, six] = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)])
    const found = [...addressesOf(four, 4), ...addressesOf(six, 6)]
    if (found.length > 0) return found
    const timedOut = [four, six].find((answer) => answer.status === 'rejected' && isTimeout(answer.reason))
    if (timedOut?.status === 'rejected') throw timedOut.reason
    return await limited(hostname)
  }

  /** A hundred deliveries to one name ask once. */
  return (hostname) => {
    const asked = running.get(hostname)
    if (asked) return asked
    const started = resolve(hostname).finally(() => running.delete(hostname))
    running.set(hostname, started)
    return started
  }
}

const createDns = (): DnsClient => new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
const systemLookup: Resolve = (hostname) => lookup(hostname, { all: true, order: 'verbatim' })

const addressesOf = (answer: PromiseSettledResult<readonly string[]>, family: 4 | 6): ResolvedAddress[] =>
  answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ETIMEOUT', 'ECANCELLED'].includes(String(error.code))

/** The rest wait; whoever asked gives up by its own time limit. */
function atMost(limit: number, ask: Resolve): Resolve {
  const waiting: (() => void)[] = []
  let free = limit
  return async (hostname) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await ask(hostname)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
