/** Model cards as the API shows them, and who depends on a model: models are retired under running campaigns. */
import type { ModelCard } from '#src/contracts/model-card.ts'
import { notFound } from '#src/errors.ts'
import { sql } from 'kysely'
import type { Scope } from '../scope.ts'

interface RegistryPort {
  card(model: string): ModelCard | undefined
  cards(): readonly ModelCard[]
}

export function createModels({ registry }: { readonly registry: RegistryPort }) {
  return {
    /** Every configured model, by id. The scope is not asked: models are configured for the whole installation. */
    list: (_scope: Scope): Promise<ModelResource[]> =>
      Promise.resolve(
        registry
          .cards()
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))
          .map(present),
      ),

    /** @throws not_found, naming what is configured */
    get(_scope: Scope, id: string): Promise<ModelResource> {
      const card = registry.card(id)
      return card ? Promise.resolve(present(card)) : Promise.reject(notFound('model', id))
    },

    /**
     * Campaigns of the workspace that have not ended and name the model, newest first; also of a model that is no longer
     * configured, for that is when it matters.
     */
    async dependents(scope: Scope, id: string) {
      const campaigns = await scope.db
        .selectFrom('campaigns')
        .select(['id', 'name', 'status', 'template_id'])
        .where('workspace_id', '=', scope.workspaceId)
        .where('status', 'not in', ['completed', 'cancelled'])
        .where(sql<boolean>`settings -> 'models' ? ${id}`)
        .orderBy('id', 'desc')
        .limit(1000)
        .execute()
      if (campaigns.length === 0 && !registry.card(id)) throw notFound('model', id)
      return { object: 'model_dependents' as const, model: id, campaigns }
    },
  }
}

export type Models = ReturnType<typeof createModels>
export type ModelResource = ReturnType<typeof present>

const present = (card: ModelCard) => ({
  id: card.id,
  object: 'model' as const,
  provider: card.id.slice(0, card.id.indexOf('/')),
  title: card.title ?? card.id,
  durations:
    'values' in card.durations ? { values: [...card.durations.values] } : { min: card.durations.min, max: card.durations.max },
  aspect_ratios: [...card.aspectRatios],
  resolutions: [...card.resolutions],
  audio: card.audio,
  accepts: [...card.accepts] as string[],
  price_micro_usd_per_second: { ...card.priceMicroUsdPerSecond },
  price_checked_at: card.priceCheckedAt,
  sunset_at: card.sunsetAt ?? null,
  recovery: { ...card.recovery },
  charged_on_refusal: card.chargedOnRefusal,
  max_in_flight: card.maxInFlight,
  submits_per_minute: card.submitsPerMinute,
  watermark: card.watermark ?? null,
  draft: card.draft ?? false,
  configured: true,
})
