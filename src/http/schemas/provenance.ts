/** How people and machines are told where a file comes from, and what a verified file says. */
import { disclosureKinds, verificationStatuses } from '#src/contracts/provenance.ts'
import { z } from 'zod'

const text = z.string().nullable()
const sha256 = z.string().meta({ description: 'hex' })

export const disclosure = z
  .object({
    kind: z.enum(disclosureKinds),
    label: text.meta({ description: 'What is seen for the whole duration; null when the label is off' }),
    style: z.enum(['text', 'icon']),
    reason: text.meta({ description: 'Why the label is off' }),
  })
  .meta({ id: 'Disclosure' })

const signer = z.object({
  status: z.enum(['signed', 'development']),
  organization: text,
  common_name: text,
  certificate_sha256: sha256,
  not_after: z.string(),
  timestamped: z.boolean(),
})

const vendorManifest = z.object({ clip_sha256: sha256, claim_generator: text, signer: text, valid: z.boolean() })

const clipSource = z.object({
  generation_id: z.string(),
  attempt_id: text,
  sha256,
  model: z.string(),
  prompt_sha256: sha256,
  vendor_watermark: text,
})

export const provenance = z
  .object({
    status: z.enum(['unsigned', 'development', 'signed']).meta({
      description: '"development": signed by a certificate that this installation made for itself',
    }),
    signer: signer.nullable(),
    digital_source_type: z.string(),
    manifest_id: text,
    manifest_ids: z.array(z.string()),
    vendor_manifests: z.array(vendorManifest),
    clips: z.array(clipSource),
    watermark: z.literal('none').meta({ description: 'Spotsmith adds no invisible watermark' }),
  })
  .meta({ id: 'Provenance' })

export const verification = z
  .object({
    object: z.literal('verification'),
    status: z.enum(verificationStatuses),
    trusted: z.boolean().meta({ description: 'Whether the certificate leads to one of C2PA_TRUST_FILE' }),
    summary: z.string(),
    sha256,
    bytes: z.number().int(),
    manifest_id: text,
    title: text,
    claim_generator: text,
    signed_by: z
      .object({ organization: text, common_name: text, algorithm: text, serial_number: text, signed_at: text })
      .nullable(),
    digital_source_type: text,
    disclosure: text,
    campaign_id: text.meta({ description: 'As the manifest says; `record` says what this workspace knows' }),
    models: z.array(z.object({ provider: z.string(), model: z.string() })),
    ingredients: z.array(z.object({ title: text, claim_generator: text, signed_by: text, valid: z.boolean().nullable() })),
    faults: z.array(z.object({ code: z.string(), message: z.string() })),
    record: z
      .object({
        exact: z.boolean().meta({ description: 'The very bytes that were delivered' }),
        files: z.array(
          z.object({
            campaign_id: z.string(),
            variant_id: z.string(),
            rendition_id: z.string(),
            format: z.string(),
            kind: z.string(),
            sha256,
          }),
        ),
      })
      .nullable(),
  })
  .meta({ id: 'Verification' })

export const evidenceRow = z
  .object({
    campaign_id: z.string(),
    variant_id: z.string(),
    revision: z.number().int(),
    segment_key: z.string(),
    locale: z.string(),
    rendition_id: z.string(),
    format: z.string(),
    file: z.string(),
    sha256,
    bytes: z.number().int(),
    draft: z.boolean(),
    label_kind: text,
    label_text: text,
    label_style: text,
    label_off_reason: text,
    provenance_status: z.string(),
    manifest_id: text,
    signed_by: text,
    certificate_sha256: text,
    timestamped: z.boolean(),
    digital_source_type: text,
    vendor_manifests: z.string(),
    models: z.string(),
    generation_ids: z.string(),
    attempt_ids: z.string(),
    clip_sha256: z.string(),
    prompt_sha256: z.string(),
    submitted_at: text,
    finished_at: text,
    watermark: z.string(),
    vendor_watermark: z.string(),
    review_policy: z.string(),
    review_decision: z.enum(['not asked for', 'open', 'approved', 'rejected', 'none']),
    made_at: z.string(),
    removed_at: text,
  })
  .meta({ id: 'EvidenceRow' })
