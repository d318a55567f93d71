/** Whether work that is sent here would be done: every part is really used, not only asked whether it is connected. */
import type { Check, Health } from './http/health.ts'

export interface Part {
  /** Rejects with the reason when the part cannot be used. */
  readonly probe: () => Promise<unknown>
  /** An answer is kept this long, so that a busy load balancer costs nothing. */
  readonly keepMs: number
}

export interface HealthDependencies {
  readonly parts: Readonly<Record<string, Part>>
  /** The process is stopping: send nothing here any more. */
  readonly isDraining: () => boolean
  /** Milliseconds that never run backwards. */
  readonly monotonic: () => number
  readonly onFault: (part: string, error: unknown) => void
}

const probeTimeoutMs = 5_000

/** The reason that is shown to anybody: no addresses, no credentials; the log has the rest. */
const shown = (part: string): Check => ({ ok: false, reason: `The ${part} cannot be used; the log says why.` })

async function withTimeout(probe: Promise<unknown>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`No answer within ${probeTimeoutMs} ms.`)), probeTimeoutMs)
  await Promise.race([probe, late]).finally(() => clearTimeout(timer))
}

export function createHealth({ parts, isDraining, monotonic, onFault }: HealthDependencies): Health {
  const kept = new Map<string, { readonly at: number; readonly check: Promise<Check> }>()

  async function run(name: string, part: Part): Promise<Check> {
    try {
      await withTimeout(part.probe())
      return { ok: true }
    } catch (error) {
      onFault(name, error)
      return shown(name)
    }
  }

  function check(name: string, part: Part): Promise<Check> {
    const known = kept.get(name)
    if (known && monotonic() - known.at < part.keepMs) return known.check
    const fresh = run(name, part)
    kept.set(name, { at: monotonic(), check: fresh })
    return fresh
  }

  return {
    async readiness() {
      const checks = await Promise.all(
        Object.entries(parts).map(async ([name, part]) => [name, await check(name, part)] as const),
      )
      const draining: Check = isDraining() ? { ok: false, reason: 'The process is stopping.' } : { ok: true }
      return { ...Object.fromEntries(checks), process: draining }
    },
  }
}
