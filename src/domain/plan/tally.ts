/** What a plan adds up over its pages of segments, in memory that does not grow with their number. */
import type { LayoutFinding } from '#src/contracts/composition.ts'
import { severities, type Finding, type Sample } from './rules.ts'

/** How many finished texts a plan shows. */
const maxSamples = 5

export type PendingSample = Omit<Sample, 'generation_ids'> & { readonly shot_keys: readonly string[] }

export type Tally = ReturnType<typeof createTally>

export function createTally() {
  const layout = new Map<string, { finding: LayoutFinding; format: string; segments: number }>()
  const counts = { valid: 0, invalid: 0, naiveMicroUsd: 0 }
  const samples: PendingSample[] = []

  function addFindings(format: string, findings: readonly LayoutFinding[]): void {
    // Two overlays of one segment with the same trouble are one segment in trouble.
    for (const finding of new Map(findings.map((f) => [f.code, f])).values()) {
      const key = `${finding.code} ${format}`
      const known = layout.get(key)
      if (known) known.segments += 1
      else layout.set(key, { finding, format, segments: 1 })
    }
  }

  const findings = (): Finding[] =>
    [...layout.values()].map(({ finding: { code, message }, format, segments }) => ({
      severity: severities[code],
      code,
      message,
      format,
      segments,
    }))

  return {
    counts,
    samples,
    addFindings,
    findings,
    get wantsSamples(): boolean {
      return samples.length < maxSamples
    },
  }
}
