/** The table at the end, and whether the demo may say that it worked. */
import type { Campaign, Plan } from './campaign.ts'
import type { SavedRendition } from './files.ts'
import type { Receiver } from './receiver.ts'

export interface Outcome {
  readonly plan: Plan
  readonly campaign: Campaign
  readonly saved: readonly SavedRendition[]
  readonly receiver: Receiver
  readonly installSeconds: number | undefined
  readonly workSeconds: number
}

const dollars = (microUsd: number) => `$${(microUsd / 1e6).toFixed(2)}`

export function table({ plan, campaign, saved, receiver, installSeconds, workSeconds }: Outcome): string {
  const locales = new Set(saved.map(({ locale }) => locale)).size
  const formats = new Set(saved.map(({ format }) => format)).size
  const rows: readonly (readonly [string, string])[] = [
    [
      'Segments',
      `${plan.segments.valid} in ${locales} locales${plan.segments.invalid ? `, ${plan.segments.invalid} invalid` : ''}`,
    ],
    ['Distinct clips', `${plan.generations.distinct} (shared by ${plan.renditions} renditions)`],
    ['Renditions', `${saved.length} MP4 in ${formats} formats, each with poster and preview`],
    ['Cost', `${dollars(campaign.spend.spent_micro_usd)} (the storyboard model is free)`],
    ['Webhooks verified', `${receiver.verified.size}, ${receiver.forged()} with a wrong signature`],
    ['Seconds of install', installSeconds === undefined ? 'was installed already' : String(installSeconds)],
    ['Seconds of work', workSeconds.toFixed(1)],
  ]
  const left = Math.max(...rows.map(([name]) => name.length))
  const right = Math.max(...rows.map(([, value]) => value.length))
  const line = (a: string, b: string, c: string) => `${a}${'─'.repeat(left + 2)}${b}${'─'.repeat(right + 2)}${c}`
  return [
    line('┌', '┬', '┐'),
    ...rows.map(([name, value]) => `│ ${name.padEnd(left)} │ ${value.padEnd(right)} │`),
    line('└', '┴', '┘'),
  ].join('\n')
}

/** What is not as it was promised; empty when all of it is true. */
export function faultsOf({ plan, campaign, saved, receiver }: Outcome): string[] {
  const ready = [...receiver.verified.values()].filter(({ type }) => type === 'variant.ready').length
  const checks: readonly (readonly [boolean, string])[] = [
    [campaign.status === 'completed', `The campaign is ${campaign.status}.`],
    [
      campaign.counts.variants['ready'] === plan.segments.valid,
      `${campaign.counts.variants['ready']} of ${plan.segments.valid} variants are ready.`,
    ],
    [saved.length === plan.renditions, `The manifest lists ${saved.length} of ${plan.renditions} renditions.`],
    [ready === plan.segments.valid, `${ready} of ${plan.segments.valid} variant.ready webhooks arrived.`],
    [receiver.forged() === 0, `${receiver.forged()} webhooks had a wrong signature.`],
  ]
  const broken = saved.flatMap(({ video, faults }) => faults.map((fault) => `${video}: ${fault}.`))
  return [...checks.filter(([ok]) => !ok).map(([, fault]) => fault), ...broken]
}
