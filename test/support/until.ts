/** Waits for what another process or connection brings about, by asking again; no fixed waits. */
export async function until<T>(
  ask: () => Promise<T> | T,
  holds: (value: T) => boolean,
  what: string,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = await ask()
    if (holds(value)) return value
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}. Last seen: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
