/** What a plan says, and the arithmetic behind it. Pure. Source of the cost rules: the architecture's "Money", 6 to 8. */
import type { LayoutFinding } from '#src/contracts/composition.ts'
import type { ModelCard } from '#src/contracts/model-card.ts'
import type { CampaignSettings, ShotSpec } from '../campaign/types.ts'
import { fitClip, type ClipChange } from '../expansion/model-fit.ts'
import type { Format } from '../format/rules.ts'
import { isPastSunset, maxAutomaticResubmits } from '../generation/rules.ts'

export interface PlanFailure {
  readonly code: string
  readonly message: string
}

export type Severity = 'info' | 'warning' | 'error'

export interface Finding {
  readonly severity: Severity
  readonly code: string
  readonly message: string
  readonly format?: string
  readonly model?: string
  readonly segments?: number
}

export interface Sample {
  readonly segment_key: string
  readonly locale: string
  readonly prompts: readonly string[]
  readonly overlays: readonly (string | null)[]
  readonly generation_ids: readonly string[]
}

/** plans.result: the plan as the API shows it. */
export interface PlanResult {
  readonly segments: { readonly total: number; readonly valid: number; readonly invalid: number }
  readonly variants: number
  readonly renditions: number
  readonly generations: { readonly distinct: number; readonly new: number; readonly owned: number; readonly in_flight: number }
  readonly cost: { readonly max_micro_usd: number; readonly saved_by_reuse_micro_usd: number; readonly naive_micro_usd: number }
  readonly estimate: {
    readonly provider_seconds: number
    readonly composition_core_seconds: number
    readonly output_bytes: number
  }
  readonly findings: readonly Finding[]
  readonly samples: readonly Sample[]
}

export type GetCard = (model: string) => ModelCard | undefined

/** A text that does not fit or cannot be drawn must not go out unseen; the rest is a matter of taste. */
export const severities = {
  text_overflow: 'error',
  glyph_missing: 'error',
  overlays_collide: 'warning',
  text_shrunk: 'warning',
  button_not_allowed: 'warning',
} as const satisfies Record<LayoutFinding['code'], Severity>

export interface ModelChoice {
  readonly card: ModelCard
  /** Its place in the campaign's list. */
  readonly index: number
  readonly changes: readonly ClipChange[]
}

export type Choices =
  | { readonly status: 'chosen'; readonly choices: readonly ModelChoice[]; readonly findings: readonly Finding[] }
  | { readonly status: 'failed'; readonly error: PlanFailure }

/** Which of the campaign's models can make a shot, in order; those that cannot are told of. The prompt does not matter. */
export function chooseModels(models: readonly string[], spec: ShotSpec, card: GetCard, now: Date): Choices {
  const choices: ModelChoice[] = []
  const refusals: Finding[] = []
  for (const [index, id] of models.entries()) {
    const known = card(id)
    if (!known) {
      return failed('unknown_model', `There is no model "${id}"; GET /v1/models lists those that are configured.`)
    }
    const fit = isPastSunset(known.sunsetAt, now)
      ? { status: 'impossible' as const, code: 'model_retired', message: `${id} has ended on ${known.sunsetAt}.` }
      : fitClip(spec, known)
    if (fit.status === 'fits') choices.push({ card: known, index, changes: fit.changes })
    else refusals.push({ severity: 'warning', code: fit.code, message: fit.message, model: id })
  }
  if (choices.length === 0) return failed('no_model', refusals.map((refusal) => refusal.message).join(' '))
  const dated = choices.flatMap((choice) => dateFindings(choice.card, now))
  return { status: 'chosen', choices, findings: [...refusals, ...choices.flatMap(changeFindings), ...dated] }
}

const failed = (code: string, message: string): Choices => ({ status: 'failed', error: { code, message } })

/** A price that nobody has looked at for so long may have changed. */
const priceStaleDays = 30
/** From here on a plan tells of a model's end; the first warning by event comes at the same time. */
const sunsetNearDays = 30

const dayMs = 86_400_000
const daysBetween = (from: number, to: number): number => Math.floor((to - from) / dayMs)

/** Rehearsals have no price and no end. */
function dateFindings({ id, draft, priceCheckedAt, sunsetAt }: ModelCard, now: Date): Finding[] {
  if (draft) return []
  const age = daysBetween(Date.parse(priceCheckedAt), now.getTime())
  const left = sunsetAt === undefined ? Infinity : daysBetween(now.getTime(), Date.parse(sunsetAt) + dayMs)
  const stale = `The price of ${id} was checked on ${priceCheckedAt}, ${age} days ago. Compare it with the vendor's.`
  const ending = `${id} ends on ${sunsetAt}; what is not submitted before goes to the next model of the list.`
  return [
    ...(age > priceStaleDays ? [{ severity: 'warning' as const, code: 'price_stale', message: stale, model: id }] : []),
    ...(left <= sunsetNearDays ? [{ severity: 'warning' as const, code: 'sunset_soon', message: ending, model: id }] : []),
  ]
}

const changeFindings = ({ card, changes }: ModelChoice): Finding[] =>
  changes.map(({ code, message }) => ({ severity: 'warning', code, message, model: card.id }))

/** Rehearsals are free and never for publication; a list that falls back from one to the other would mislead. */
export function mixProblem(models: readonly string[], card: GetCard): PlanFailure | undefined {
  const drafts = models.filter((id) => card(id)?.draft)
  if (drafts.length === 0 || drafts.length === models.length) return undefined
  return {
    code: 'models_mixed',
    message: `${drafts.join(', ')} only rehearses and cannot be listed with models that make real clips.`,
  }
}

function submissionCost(spec: ShotSpec, card: ModelCard): number {
  const fit = fitClip(spec, card)
  return fit.status === 'fits' ? card.maxCostMicroUsd(fit.clip) : 0
}

export interface ShotCost {
  /** The most that getting this clip can cost: every model but the last may bill a failure before the next is asked. */
  readonly max: number
  /** One submission to the first model: what a clip costs when all goes well. */
  readonly once: number
}

/** Resubmitting a lost request keeps the old reservation: it can be billed as well. */
export function shotCost(
  spec: ShotSpec,
  choices: readonly Pick<ModelChoice, 'card'>[],
  onUncertain: CampaignSettings['on_uncertain'],
): ShotCost {
  const costs = choices.map(({ card }) => submissionCost(spec, card))
  const times = onUncertain === 'resubmit' ? 1 + maxAutomaticResubmits : 1
  return { max: times * costs.reduce((sum, cost) => sum + cost, 0), once: costs[0] ?? 0 }
}

/** Of the encoder on one core: measured at 10.1 s of 1080×1920 at 30 fps, which take about 15 core-seconds. */
const coreSecondsPerPixel = 15 / (1080 * 1920 * 30 * 10.1)
/** Of `veryfast` at crf 20, where a format asks for no bitrate of its own. */
const bitsPerPixel = 0.042

/** What composing one rendition takes, roughly. */
export function renditionEstimate(format: Format, seconds: number): { coreSeconds: number; bytes: number } {
  const pixels = format.width * format.height * format.fps * seconds
  const kbps = format.video_kbps?.target ?? format.video_kbps?.min
  const bits = kbps === undefined ? pixels * bitsPerPixel : kbps * 1000 * seconds
  return { coreSeconds: pixels * coreSecondsPerPixel, bytes: Math.round(bits / 8) }
}

/** Seconds that a clip takes at a provider that does not say. */
export const usualProviderSeconds = 60

interface Caps {
  readonly max_generations: number
  readonly max_renditions: number
}

/** Limits against accidents: why a plan is refused, and by how much it passes them. */
export function capProblem(
  caps: Caps,
  { generations, renditions }: { generations: number; renditions: number },
): PlanFailure | undefined {
  const passed = (what: keyof Caps, count: number) =>
    count > caps[what] && `${count} ${what.slice(4)} are ${count - caps[what]} more than ${what} (${caps[what]}) allows.`
  const problems = [passed('max_generations', generations), passed('max_renditions', renditions)].filter((text) => text !== false)
  if (problems.length === 0) return undefined
  return { code: 'cap_exceeded', message: `${problems.join(' ')} Raise the limit of the campaign, or narrow it.` }
}
