/** How providers are reached: undici's own fetch, with connections under our control. */
import { Agent, fetch as undiciFetch } from 'undici'

const connectTimeoutMs = 10_000

/**
 * @returns `submitFetch` opens a connection for every request and keeps none. On a kept connection a vendor may hang up in the very
 * moment we send: that looks like a reset after sending, so a paid submission would be uncertain for no reason.
 * `fetch` keeps connections: thousands of clips in flight are polled over a few.
 */
export function createTransport() {
  const fresh = new Agent({ pipelining: 0, connect: { timeout: connectTimeoutMs } })
  const kept = new Agent({ connections: 64, connect: { timeout: connectTimeoutMs } })
  const through = (dispatcher: Agent): typeof globalThis.fetch =>
    ((input: Parameters<typeof undiciFetch>[0], init?: Parameters<typeof undiciFetch>[1]) =>
      undiciFetch(input, { ...init, dispatcher })) as unknown as typeof globalThis.fetch
  return {
    submitFetch: through(fresh),
    fetch: through(kept),
    /** Waits for nothing: whoever closes has ended the work first. */
    async close(): Promise<void> {
      await Promise.all([fresh.destroy(), kept.destroy()])
    },
  }
}
