/** The C2PA library's report of a manifest store → what a person wants to know. Pure; the report comes from hostile files. */
import type { FileVerification } from '#src/contracts/provenance.ts'
import { compositionLabel } from './manifest.ts'

interface Status {
  readonly code?: string
  readonly explanation?: string
}

interface Manifest {
  readonly title?: string
  readonly claim_generator?: string
  readonly claim_generator_info?: readonly { readonly name?: string; readonly version?: string }[]
  readonly assertions?: readonly { readonly label?: string; readonly data?: unknown }[]
  readonly ingredients?: readonly {
    readonly title?: string
    readonly active_manifest?: string
    readonly validation_results?: { readonly activeManifest?: { readonly failure?: readonly Status[] } }
  }[]
  readonly signature_info?: {
    readonly alg?: string
    readonly issuer?: string
    readonly common_name?: string
    readonly cert_serial_number?: string
    readonly time?: string
  }
}

export interface ManifestStore {
  readonly active_manifest?: string
  readonly manifests?: Readonly<Record<string, Manifest>>
  readonly validation_state?: string
  readonly validation_results?: {
    readonly activeManifest?: { readonly failure?: readonly Status[] }
    readonly ingredientDeltas?: readonly { readonly validationDeltas?: { readonly failure?: readonly Status[] } }[]
  }
}

/** Being unknown is no fault of the file. */
const untrusted = 'signingCredential.untrusted'

const faultsOf = ({ validation_results: results }: ManifestStore): FileVerification['faults'] =>
  (results?.activeManifest?.failure ?? [])
    .filter(({ code }) => code !== untrusted)
    .map(({ code, explanation }) => ({ code: code ?? 'unknown', message: explanation ?? 'No explanation is given.' }))

const text = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 500) : null)

function generatorOf({ claim_generator_info: infos, claim_generator: old }: Manifest): string | null {
  const [info] = infos ?? []
  return text(info?.name === undefined ? old : [info.name, info.version].filter(Boolean).join(' '))
}

const assertionOf = ({ assertions = [] }: Manifest, label: string): unknown => assertions.find((one) => one.label === label)?.data

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The last action that names one: what the finished file is. */
function sourceTypeOf(manifest: Manifest): string | null {
  const actions = list(field(assertionOf(manifest, 'c2pa.actions.v2') ?? assertionOf(manifest, 'c2pa.actions'), 'actions'))
  const types = actions.flatMap((action) => text(field(action, 'digitalSourceType')) ?? [])
  return types.at(-1) ?? null
}

function signedBy({ signature_info: info }: Manifest): FileVerification['signed_by'] {
  if (!info) return null
  return {
    organization: text(info.issuer),
    common_name: text(info.common_name),
    algorithm: text(info.alg),
    serial_number: text(info.cert_serial_number),
    signed_at: text(info.time),
  }
}

function ingredientsOf(manifest: Manifest, manifests: ManifestStore['manifests'] = {}): FileVerification['ingredients'] {
  return (manifest.ingredients ?? []).map(({ title, active_manifest: label, validation_results: results }) => {
    const own = label === undefined ? undefined : manifests[label]
    const failures = results?.activeManifest?.failure?.filter(({ code }) => code !== untrusted)
    return {
      title: text(title),
      claim_generator: own ? generatorOf(own) : null,
      signed_by: own ? (signedBy(own)?.organization ?? signedBy(own)?.common_name ?? null) : null,
      valid: own ? failures === undefined || failures.length === 0 : null,
    }
  })
}

function summaryOf(
  valid: boolean,
  trusted: boolean,
  by: FileVerification['signed_by'],
  faults: FileVerification['faults'],
): string {
  const who = by?.common_name ?? by?.organization ?? 'an unnamed signer'
  if (!valid)
    return `The file is not as it was signed: ${faults[0]?.message ?? 'the manifest is not valid'} (${faults[0]?.code ?? 'invalid'}).`
  return trusted
    ? `The file is as ${who} signed it, and the signer is trusted.`
    : `The file is as ${who} signed it. The signer's certificate does not lead to a trusted one, so the name proves nothing yet.`
}

export function describeStore(store: ManifestStore): FileVerification {
  const manifest = store.manifests?.[store.active_manifest ?? ''] ?? {}
  const faults = faultsOf(store)
  const valid = (store.validation_state === 'Valid' || store.validation_state === 'Trusted') && faults.length === 0
  const trusted = valid && store.validation_state === 'Trusted'
  const composition = assertionOf(manifest, compositionLabel)
  const clips = list(field(composition, 'clips'))
  const by = signedBy(manifest)
  return {
    status: valid ? 'valid' : 'invalid',
    trusted,
    summary: summaryOf(valid, trusted, by, faults),
    manifest_id: text(store.active_manifest),
    title: text(manifest.title),
    claim_generator: generatorOf(manifest),
    signed_by: by,
    digital_source_type: sourceTypeOf(manifest),
    disclosure: text(field(composition, 'disclosure')),
    campaign_id: text(field(composition, 'campaign_id')),
    models: clips.map((clip) => ({ provider: text(field(clip, 'provider')) ?? '', model: text(field(clip, 'model')) ?? '' })),
    ingredients: ingredientsOf(manifest, store.manifests),
    faults,
  }
}
