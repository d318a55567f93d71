/** What an endpoint must fulfil beyond the shape of its fields; every fault at once. */
import { type Fault, invalid } from '#src/errors.ts'
import { eventTypes, isEventType } from '../events/types.ts'
import type { Scope } from '../scope.ts'

export interface EndpointFields {
  readonly url?: string | undefined
  readonly description?: string | undefined
  /** null: all */
  readonly event_types?: readonly string[] | null | undefined
  /** null: all */
  readonly campaign_id?: string | null | undefined
  /** 1–64 */
  readonly max_concurrency?: number | undefined
  readonly rate_limit_per_second?: number | null | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

export type TargetVerdict =
  | { readonly status: 'allowed' }
  | { readonly status: 'refused'; readonly code: string; readonly message: string }

export interface CheckDependencies {
  /** The target guard: resolves the name, sends nothing. */
  readonly checkTarget: (url: string) => Promise<TargetVerdict>
  readonly signingKeys: {
    generate(scheme: 'v1' | 'v1a'): string
    inspect(secret: string): { readonly scheme: 'v1' | 'v1a'; readonly publicKey: string | null } | undefined
  }
}

const secretShapes = {
  v1: 'The secret must be "whsec_" and the base64 of 24 to 64 bytes.',
  v1a: 'The secret must be "whsk_" and the base64 of an ed25519 seed and its public key (64 bytes).',
} as const

export function createChecks({ checkTarget, signingKeys }: CheckDependencies) {
  async function targetFaults(url: string | undefined): Promise<Fault[]> {
    if (url === undefined) return []
    const verdict = await checkTarget(url)
    return verdict.status === 'allowed' ? [] : [{ pointer: '/url', code: verdict.code, message: verdict.message }]
  }

  return {
    /** @throws invalid with `faults` and whatever else is wrong */
    async checkFields(scope: Scope, fields: EndpointFields, faults: readonly Fault[]): Promise<void> {
      const found = [
        ...(await targetFaults(fields.url)),
        ...typeFaults(fields.event_types ?? []),
        ...(await campaignFaults(scope, fields.campaign_id)),
        ...faults,
      ]
      if (found.length > 0) throw invalid(found)
    },

    checkSecret(secret: string, signature: 'v1' | 'v1a'): Fault[] {
      if (signingKeys.inspect(secret)?.scheme === signature) return []
      return [{ pointer: '/secret', code: 'invalid_secret', message: secretShapes[signature] }]
    },
  }
}

const typeFaults = (types: readonly string[]): Fault[] =>
  types.flatMap((type, i): Fault[] => {
    if (isEventType(type)) return []
    const message = `There is no event type "${type}". The types are: ${Object.keys(eventTypes).join(', ')}.`
    return [{ pointer: `/event_types/${i}`, code: 'unknown_event_type', message }]
  })

async function campaignFaults({ db, workspaceId }: Scope, id: string | null | undefined): Promise<Fault[]> {
  if (id === null || id === undefined) return []
  const campaign = await db
    .selectFrom('campaigns')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (campaign) return []
  return [{ pointer: '/campaign_id', code: 'not_found', message: `There is no campaign "${id}" in this workspace.` }]
}
