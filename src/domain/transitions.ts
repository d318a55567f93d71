/** State machines as data. A table lists, for each state, the states that may follow; every change of status goes through one. */
import { ServiceError } from '#src/errors.ts'

export type Transitions<S extends string> = Readonly<Record<S, readonly S[]>>

export const allows = <S extends string>(table: Transitions<S>, from: S, to: S): boolean => table[from].includes(to)

/** The states that `to` may follow: what a set-based UPDATE names in its WHERE. */
export const sourcesOf = <S extends string>(table: Transitions<S>, to: S): S[] =>
  (Object.keys(table) as S[]).filter((from) => allows(table, from, to))

/** States that nothing follows. */
export const terminalStates = <S extends string>(table: Transitions<S>): S[] =>
  (Object.keys(table) as S[]).filter((state) => table[state].length === 0)

/** @throws 409 that names both states and what would be possible */
export function assertTransition<S extends string>(what: string, table: Transitions<S>, from: S, to: S): void {
  if (allows(table, from, to)) return
  const next = table[from].length > 0 ? `From "${from}" it can become: ${table[from].join(', ')}.` : `"${from}" is final.`
  throw new ServiceError('conflict', `The ${what} is "${from}" and cannot become "${to}". ${next}`)
}
