/** A campaign as a caller writes it, with its defaults filled in by the API's schema. */
import type { CampaignSettings } from './types.ts'

export interface InlineSegment {
  readonly key: string
  readonly locale?: string | undefined
  readonly attributes?: Readonly<Record<string, string | number | boolean | null>> | undefined
}

/** undefined: not given. */
type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined }

export interface CampaignFields extends Omit<CampaignSettings, 'formats' | 'segment_filter'> {
  readonly name: string
  readonly segment_filter: Filter | null
  readonly budget_micro_usd: number | null
  readonly priority: number
  /** ISO 8601 */
  readonly not_before: string | null
  readonly metadata: Readonly<Record<string, string>>
}

/** Optional parts may be present and undefined, as schemas leave them. */
type Filter = Loose<NonNullable<CampaignSettings['segment_filter']>>

export interface CampaignInput extends CampaignFields {
  readonly template_id?: string | undefined
  readonly template_version?: number | undefined
  readonly template?: unknown
  readonly audience_id?: string | undefined
  readonly segments?: readonly InlineSegment[] | undefined
  readonly formats?: readonly string[] | undefined
  readonly launch: boolean
}

export type CampaignChanges = Loose<
  CampaignFields & {
    readonly formats: readonly string[]
    readonly template_id: string
    readonly template_version: number
    readonly audience_id: string
  }
>

const filterOf = (filter: Filter | null): CampaignSettings['segment_filter'] =>
  filter && {
    ...(filter.locale && { locale: filter.locale }),
    ...(filter.keys && { keys: filter.keys }),
    ...(filter.attributes && { attributes: filter.attributes }),
  }

/** @param templateFormats what the template names, used when the campaign names none */
export const settingsOf = (
  input: Omit<CampaignFields, 'name' | 'metadata' | 'priority' | 'not_before' | 'budget_micro_usd'> &
    Pick<CampaignInput, 'formats'>,
  templateFormats: readonly string[],
): CampaignSettings => ({
  segment_filter: filterOf(input.segment_filter),
  on_invalid: input.on_invalid,
  formats: input.formats ?? templateFormats,
  models: input.models,
  max_generations: input.max_generations,
  max_renditions: input.max_renditions,
  review: input.review,
  on_uncertain: input.on_uncertain,
})

/** What a PATCH changes of the settings. */
export function changedSettings(settings: CampaignSettings, changes: CampaignChanges): CampaignSettings {
  const { segment_filter, on_invalid, formats, models, max_generations, max_renditions, review, on_uncertain } = changes
  return {
    segment_filter: segment_filter === undefined ? settings.segment_filter : filterOf(segment_filter),
    on_invalid: on_invalid ?? settings.on_invalid,
    formats: formats ?? settings.formats,
    models: models ?? settings.models,
    max_generations: max_generations ?? settings.max_generations,
    max_renditions: max_renditions ?? settings.max_renditions,
    review: review ?? settings.review,
    on_uncertain: on_uncertain ?? settings.on_uncertain,
  }
}
