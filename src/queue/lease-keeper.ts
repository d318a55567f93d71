/** Renews every lease of this process together, and fires a lease's signal when it may be lost. */
import { type Lease, LeaseLost } from './lease.ts'
import type { WorkKind } from './run-queue.ts'

interface Held {
  readonly lease: Lease
  readonly controller: AbortController
  /** When the last successful claim or renewal was asked for, on the local monotonic clock. */
  confirmedAt: number
}

export interface LeaseKeeperOptions {
  /** Extends the leases; returns the ids that are still held. */
  readonly renew: (kind: WorkKind, held: readonly Lease[]) => Promise<readonly string[]>
  readonly leaseMs: number
  readonly renewMs: number
  readonly monotonic: () => number
  readonly onRenewFailed: (error: unknown) => void
}

export function createLeaseKeeper({ renew, leaseMs, renewMs, monotonic, onRenewFailed }: LeaseKeeperOptions) {
  const held = new Map<string, Held>()
  const renewing = new Set<WorkKind>()
  let timer: NodeJS.Timeout | undefined

  function hold(kind: WorkKind, id: string, token: string, askedAt: number): Lease {
    const controller = new AbortController()
    const lease: Lease = Object.freeze({ kind, id, token, signal: controller.signal })
    held.set(keyOf(lease), { lease, controller, confirmedAt: askedAt })
    timer ??= setInterval(tick, renewMs)
    return lease
  }

  function drop(lease: Lease): void {
    held.delete(keyOf(lease))
    if (held.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  function lose(entry: Held): void {
    drop(entry.lease)
    entry.controller.abort(new LeaseLost(entry.lease.kind, entry.lease.id))
  }

  function tick(): void {
    // After a stop (SIGSTOP, a blocked event loop, a database that does not answer) the row may be someone else's already:
    // the work stops first, and nobody asks whether it could have gone on.
    for (const entry of held.values()) if (monotonic() - entry.confirmedAt >= leaseMs) lose(entry)
    for (const [kind, entries] of Map.groupBy(held.values(), (entry) => entry.lease.kind)) void renewKind(kind, entries)
  }

  async function renewKind(kind: WorkKind, entries: readonly Held[]): Promise<void> {
    if (renewing.has(kind)) return
    renewing.add(kind)
    const askedAt = monotonic()
    try {
      const ours = new Set(
        await renew(
          kind,
          entries.map((entry) => entry.lease),
        ),
      )
      for (const entry of entries) confirm(entry, ours.has(entry.lease.id), askedAt)
    } catch (error) {
      onRenewFailed(error)
    } finally {
      renewing.delete(kind)
    }
  }

  function confirm(entry: Held, ours: boolean, askedAt: number): void {
    if (!held.has(keyOf(entry.lease))) return
    if (ours) entry.confirmedAt = askedAt
    else lose(entry)
  }

  /** Stops renewing; returns what was still held, after firing its signals. */
  function close(): Lease[] {
    const entries = [...held.values()]
    for (const entry of entries) lose(entry)
    return entries.map((entry) => entry.lease)
  }

  return { hold, drop, close, count: () => held.size }
}

const keyOf = (lease: Lease): string => `${lease.id} ${lease.token}`
