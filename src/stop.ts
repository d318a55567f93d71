/** SIGTERM and SIGINT ask for an orderly stop; the second one ends the process at once. */

export interface StopRequest {
  /** Resolves with the name of the signal; never rejects. */
  readonly requested: Promise<NodeJS.Signals>
  /** Takes the listeners away again. */
  [Symbol.dispose](): void
}

const signals = ['SIGTERM', 'SIGINT'] as const

/** @param exit ends the process; rows under lease come back by themselves, an embedded database is restarted next time */
export function listenForStop(exit: (code: number) => void): StopRequest {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let asked = false
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) exit(1)
    asked = true
    resolve(signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return {
    requested: promise,
    [Symbol.dispose]: () => signals.forEach((signal) => process.off(signal, onSignal)),
  }
}
