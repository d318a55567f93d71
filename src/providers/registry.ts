/** Every configured provider and model, by id. The built-in `storyboard` is one of them. */
import type { ModelCard } from '#src/contracts/model-card.ts'
import { invalid } from '#src/errors.ts'
import type { VideoProvider } from './provider.ts'

/** What the top-up holds all workers to. */
export interface ModelLimits {
  readonly maxInFlight: number
  readonly submitsPerMinute: number
}

const listed = (ids: Iterable<string>): string => [...ids].sort().join(', ')

/** @throws when two providers or two models have one id, which readProvidersFile reports before */
export function createRegistry({ providers }: { providers: readonly VideoProvider[] }) {
  const byId = new Map(providers.map((provider) => [provider.id, provider]))
  const cards = new Map(providers.flatMap((provider) => provider.models()).map((card) => [card.id, card]))
  const modelCount = providers.reduce((sum, provider) => sum + provider.models().length, 0)
  if (byId.size !== providers.length || cards.size !== modelCount) throw new Error('Two providers or models have one id.')

  return {
    /** undefined for a provider that is not configured (any more). */
    provider: (id: string): VideoProvider | undefined => byId.get(id),
    /** The provider of a model's id, "<provider>/<model>"; models may have slashes in their names. */
    providerOf: (modelId: string): VideoProvider | undefined => byId.get(modelId.slice(0, modelId.indexOf('/'))),
    card: (modelId: string): ModelCard | undefined => cards.get(modelId),
    cards: (): readonly ModelCard[] => [...cards.values()],
    /** @throws 422 at `pointer` that names the models there are */
    requireCard(modelId: string, pointer: string): ModelCard {
      const card = cards.get(modelId)
      if (card) return card
      const message = `There is no model "${modelId}". Configured models: ${listed(cards.keys())}.`
      throw invalid([{ pointer, code: 'unknown_model', message }])
    },
    limits: (): ReadonlyMap<string, ModelLimits> => cards,
  }
}

export type Registry = ReturnType<typeof createRegistry>
