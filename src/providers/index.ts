/** Opens every provider that the settings name, and the built-in one. */
import { readFile } from 'node:fs/promises'
import { createOpenaiCompatibleProvider } from './openai-compatible.ts'
import { BadProvidersFile, readProvidersFile } from './providers-file.ts'
import { createRegistry, type Registry } from './registry.ts'
import { createStoryboardProvider } from './storyboard.ts'
import { createTransport } from './transport.ts'

export { BadProvidersFile } from './providers-file.ts'
export type { Registry } from './registry.ts'

interface Dependencies {
  /** PROVIDERS_FILE: a path, or nothing. */
  readonly providersFile: string | undefined
  /** Value of an environment variable, for the keys that the file names. */
  readonly env: (name: string) => string | undefined
  /** For addresses that a provider's answer names; network's `outgoing.fetch`. */
  readonly guardedFetch: typeof globalThis.fetch
  readonly storyboard: Parameters<typeof createStoryboardProvider>[0]
  readonly now?: () => number
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new BadProvidersFile([
      `PROVIDERS_FILE: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    ])
  }
}

/** @throws BadProvidersFile with every fault */
export async function openProviders(
  dependencies: Dependencies,
): Promise<{ readonly registry: Registry; readonly close: () => Promise<void> }> {
  const { providersFile, env, guardedFetch, storyboard, now = Date.now } = dependencies
  const settings = providersFile ? readProvidersFile(await read(providersFile), env) : []
  const transport = createTransport()
  const ports = { submitFetch: transport.submitFetch, fetch: transport.fetch, guardedFetch, now }
  const configured = settings.map((one) => createOpenaiCompatibleProvider(one, ports))
  const registry = createRegistry({ providers: [createStoryboardProvider(storyboard), ...configured] })
  return { registry, close: () => transport.close() }
}
