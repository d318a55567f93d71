/** The key, for this tab only: session storage ends with it, and no address ever carries it. */
import { useSyncExternalStore } from 'react'

const keyName = 'spotsmith.key'
const personName = 'spotsmith.person'
const listeners = new Set<() => void>()

export interface SignedIn {
  readonly key: string
  /** Who decides, written beside every decision. */
  readonly person: string
}

let current: SignedIn | undefined = read()
let expired = false

function read(): SignedIn | undefined {
  const key = sessionStorage.getItem(keyName)
  return key ? { key, person: sessionStorage.getItem(personName) ?? '' } : undefined
}

function change(next: SignedIn | undefined): void {
  current = next
  for (const listener of listeners) listener()
}

export function signIn({ key, person }: SignedIn): void {
  sessionStorage.setItem(keyName, key)
  sessionStorage.setItem(personName, person)
  expired = false
  change({ key, person })
}

export function signOut(): void {
  sessionStorage.clear()
  expired = false
  change(undefined)
}

/** The API no longer knows the key: back to the sign-in page, which says why. */
export function expire(): void {
  sessionStorage.removeItem(keyName)
  expired = true
  change(undefined)
}

export const session = (): SignedIn | undefined => current
export const wasExpired = (): boolean => expired

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export const useSignedIn = (): SignedIn | undefined => useSyncExternalStore(subscribe, session)
