/** What a campaign's settings must be to each other, to the template and to what is configured. Pure. */
import type { ModelCard } from '#src/contracts/model-card.ts'
import type { Fault } from '#src/errors.ts'
import type { Format } from '../format/rules.ts'
import { isPastSunset } from '../generation/rules.ts'
import { durationProblem, totalSeconds, type Template } from '../template/rules.ts'
import type { CampaignSettings } from './types.ts'

export interface Surroundings {
  readonly template: Pick<Template, 'clip' | 'end_card'>
  readonly formats: ReadonlyMap<string, Format>
  readonly card: (model: string) => ModelCard | undefined
  readonly models: readonly string[]
  readonly now: Date
}

/** Every fault at once. */
export const settingsFaults = (settings: CampaignSettings, around: Surroundings): Fault[] => [
  ...formatFaults(settings.formats, around),
  ...modelFaults(settings.models, around),
]

function formatFaults(ids: readonly string[], { template, formats }: Surroundings): Fault[] {
  return ids.flatMap((id, index): Fault[] => {
    const pointer = `/formats/${index}`
    const format = formats.get(id)
    if (!format) {
      const message = `There is no format "${id}". There are: ${[...formats.keys()].join(', ')}.`
      return [{ pointer, code: 'unknown_format', message }]
    }
    if (ids.indexOf(id) < index) return [{ pointer, code: 'duplicate_format', message: `The format "${id}" is listed twice.` }]
    const message = durationProblem(format, totalSeconds(template))
    return message === undefined ? [] : [{ pointer, code: 'duration_not_allowed', message }]
  })
}

function modelFaults(ids: readonly string[], around: Surroundings): Fault[] {
  const faults = ids.flatMap((_, index): Fault[] => {
    const fault = modelFault(ids, index, around)
    return fault ? [{ pointer: `/models/${index}`, ...fault }] : []
  })
  const drafts = new Set(ids.flatMap((id) => around.card(id)?.draft ?? (around.card(id) ? false : [])))
  if (drafts.size < 2) return faults
  const message = 'A rehearsal (draft) model cannot stand in one list with paid ones: its files are drafts.'
  return [...faults, { pointer: '/models', code: 'draft_mixed', message }]
}

function modelFault(
  ids: readonly string[],
  index: number,
  { card, models, now }: Surroundings,
): Omit<Fault, 'pointer'> | undefined {
  const id = ids[index]!
  const known = card(id)
  if (!known) return { code: 'unknown_model', message: `There is no model "${id}". Configured models: ${models.join(', ')}.` }
  if (ids.indexOf(id) < index) return { code: 'duplicate_model', message: `The model "${id}" is listed twice.` }
  if (!isPastSunset(known.sunsetAt, now)) return undefined
  return { code: 'model_retired', message: `The model "${id}" ended on ${known.sunsetAt}. Choose another one.` }
}
