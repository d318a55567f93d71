/** What API keys may be allowed to do. */
import { type Fault, ServiceError } from '#src/errors.ts'

export const keyScopes = ['read', 'write', 'render', 'review', 'admin', 'operator'] as const
export type KeyScope = (typeof keyScopes)[number]

/** The workspace of the first key. */
export const defaultWorkspaceName = 'default'

/** Nobody gives away more than they have, or reaches into another workspace without being an operator. */
export function checkGrant(
  granter: readonly string[],
  wanted: { readonly scopes: readonly string[]; readonly otherWorkspace: boolean },
): void {
  if (wanted.otherWorkspace && !granter.includes('operator')) {
    throw new ServiceError('forbidden', 'Keys of another workspace need a key with the scope "operator".')
  }
  const beyond = wanted.scopes.filter((scope) => scope === 'operator' && !granter.includes(scope))
  if (beyond.length > 0) throw new ServiceError('forbidden', 'Only an operator key can make another operator key.')
}

export function scopeFaults(scopes: readonly string[]): Fault[] {
  const known: readonly string[] = keyScopes
  return scopes.flatMap((scope, index) =>
    known.includes(scope)
      ? []
      : [
          {
            pointer: `/scopes/${index}`,
            code: 'unknown_scope',
            message: `There is no scope "${scope}". There are: ${keyScopes.join(', ')}.`,
          },
        ],
  )
}
