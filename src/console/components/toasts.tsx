/** Short messages about what was just done; read out by screen readers, gone after a while. */
import { useSyncExternalStore } from 'react'
import { Note } from './ui.tsx'

interface Toast {
  readonly id: number
  readonly text: string
  readonly tone: 'good' | 'bad' | 'info' | 'warn'
}

let toasts: readonly Toast[] = []
let next = 0
const listeners = new Set<() => void>()
const change = (now: readonly Toast[]) => {
  toasts = now
  for (const listener of listeners) listener()
}

export function toast(text: string, tone: Toast['tone'] = 'good'): void {
  const id = next++
  change([...toasts, { id, text, tone }].slice(-4))
  setTimeout(() => change(toasts.filter((one) => one.id !== id)), tone === 'bad' ? 12_000 : 5000)
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, tone }) => (
        <Note key={id} tone={tone}>
          {text}
        </Note>
      ))}
    </div>
  )
}
