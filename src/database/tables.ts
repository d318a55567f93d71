/**
 * Row types of every table, as `pg` returns them with the parsers of client.ts: int8 as number (all our
 * counts and micro-USD sums stay far below 2^53), timestamptz as Date, jsonb as parsed JSON.
 * The schema itself, with the meaning of the columns, is migrations/*.sql.
 */
import type { Json } from '#src/contracts/json.ts'
import type { ColumnType, Generated } from 'kysely'

/** A jsonb column: an object when read; written as an object too (client.ts serialises it). */
type JsonColumn<T = Json> = ColumnType<T, T, T>
type GeneratedJson<T> = ColumnType<T, T | undefined, T>
type Created = ColumnType<Date, Date | undefined, Date>
type WithDefault<T> = ColumnType<T, T | undefined, T>
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>
type NullableJson = ColumnType<Json, Json | undefined, Json>
type Metadata = GeneratedJson<Record<string, string>>

/** The columns that make a row a work item; see queue/work-items.ts. */
export interface WorkItemColumns {
  due_at: Created
  starts: WithDefault<number>
  lease_token: Nullable<string>
  lease_until: Nullable<Date>
  last_error: Nullable<string>
}

interface WorkspacesTable {
  id: string
  name: string
  budget_per_month_micro_usd: Nullable<number>
  limits: GeneratedJson<Record<string, number>>
  retention: GeneratedJson<Record<string, number>>
  metadata: Metadata
  created_at: Created
  updated_at: Created
  deleted_at: Nullable<Date>
}

interface ApiKeysTable {
  id: string
  workspace_id: string
  name: string
  prefix: string
  key_sha256: Buffer
  scopes: string[]
  created_at: Created
  last_used_at: Nullable<Date>
  revoked_at: Nullable<Date>
}

interface AuditLogTable {
  id: string
  workspace_id: string
  actor: string
  action: string
  subject: string
  details: GeneratedJson<Record<string, Json>>
  request_id: Nullable<string>
  created_at: Created
}

interface IdempotencyKeysTable {
  workspace_id: string
  route: string
  key: string
  request_sha256: Buffer
  status: number
  headers: GeneratedJson<Record<string, string>>
  body: Nullable<string>
  created_at: Created
}

interface FilesTable {
  id: string
  workspace_id: string
  object_key: string
  kind: 'clip' | 'video' | 'poster' | 'preview' | 'media'
  media_type: string
  file_name: string
  bytes: number
  sha256: string
  link_version: WithDefault<number>
  variant_id: Nullable<string>
  approved_at: Nullable<Date>
  created_at: Created
  removed_at: Nullable<Date>
}

interface MediaTable {
  id: string
  workspace_id: string
  file_id: string
  kind: 'image' | 'font' | 'audio' | 'video'
  name: string
  width: Nullable<number>
  height: Nullable<number>
  seconds: Nullable<number>
  metadata: Metadata
  created_at: Created
  updated_at: Created
  deleted_at: Nullable<Date>
}

interface BrandsTable {
  id: string
  workspace_id: string
  name: string
  spec: JsonColumn
  created_at: Created
  updated_at: Created
}

interface FormatsTable {
  workspace_id: string
  id: string
  spec: JsonColumn
  created_at: Created
  updated_at: Created
}

interface TemplatesTable {
  id: string
  workspace_id: string
  name: string
  version: WithDefault<number>
  metadata: Metadata
  created_at: Created
  updated_at: Created
  archived_at: Nullable<Date>
}

interface TemplateVersionsTable {
  template_id: string
  version: number
  workspace_id: string
  spec: JsonColumn
  created_at: Created
}

interface AudiencesTable {
  id: string
  workspace_id: string
  name: string
  revision: WithDefault<number>
  segment_count: WithDefault<number>
  metadata: Metadata
  created_at: Created
  updated_at: Created
  deleted_at: Nullable<Date>
}

interface SegmentsTable {
  audience_id: string
  key: string
  revision_from: number
  revision_to: Nullable<number>
  workspace_id: string
  locale: string
  attributes: JsonColumn<Record<string, string | number | boolean | null>>
  position: number
}

interface ImportsTable {
  id: string
  workspace_id: string
  audience_id: string
  status: 'succeeded' | 'failed'
  mode: 'replace' | 'upsert'
  format: 'csv' | 'ndjson' | 'json'
  rows: WithDefault<number>
  accepted: WithDefault<number>
  refused: WithDefault<number>
  revision: Nullable<number>
  error: NullableJson
  created_at: Created
  updated_at: Created
}

interface ImportErrorsTable {
  import_id: string
  position: number
  row_number: number
  column_name: Nullable<string>
  code: string
  message: string
  value: Nullable<string>
}

interface CampaignsTable {
  id: string
  workspace_id: string
  name: string
  status: WithDefault<string>
  pause_reasons: WithDefault<string[]>
  template_id: string
  template_version: number
  audience_id: string
  audience_revision: number
  settings: JsonColumn
  priority: WithDefault<number>
  not_before: Nullable<Date>
  budget_micro_usd: Nullable<number>
  reserved_micro_usd: WithDefault<number>
  spent_micro_usd: WithDefault<number>
  plan_revision: WithDefault<number>
  launch_on_planned: WithDefault<boolean>
  metadata: Metadata
  request_id: Nullable<string>
  created_at: Created
  updated_at: Created
  started_at: Nullable<Date>
  completed_at: Nullable<Date>
}

interface PlansTable extends WorkItemColumns {
  id: string
  workspace_id: string
  campaign_id: string
  revision: number
  status: WithDefault<'waiting' | 'ready' | 'failed' | 'superseded'>
  digest: Nullable<string>
  result: NullableJson
  context: NullableJson
  progress: GeneratedJson<Record<string, Json>>
  error: NullableJson
  created_at: Created
  updated_at: Created
}

interface PlanInvalidTable {
  plan_id: string
  position: number
  segment_key: string
  errors: JsonColumn<readonly { pointer: string; code: string; message: string }[]>
}

interface ShotsTable {
  id: string
  workspace_id: string
  campaign_id: string
  shot_key: string
  spec: JsonColumn
  model_index: WithDefault<number>
  generation_id: Nullable<string>
  approved_sha256: Nullable<string>
  error: NullableJson
  releasing: WithDefault<boolean>
  created_at: Created
}

interface GenerationsTable extends WorkItemColumns {
  id: string
  workspace_id: string
  generation_key: string
  shot_key: string
  spec: JsonColumn
  model: string
  status: WithDefault<string>
  payer_campaign_id: Nullable<string>
  attempt_id: Nullable<string>
  attempt_count: WithDefault<number>
  fetch_count: WithDefault<number>
  job_ref: NullableJson
  outputs: NullableJson
  repolled: WithDefault<boolean>
  progress: Nullable<number>
  cost_micro_usd: WithDefault<number>
  clip_file_id: Nullable<string>
  clip: NullableJson
  error: NullableJson
  created_at: Created
  updated_at: Created
  ready_at: Nullable<Date>
}

interface AttemptsTable {
  id: string
  workspace_id: string
  generation_id: string
  campaign_id: string
  status: string
  provider: string
  model: string
  request: JsonColumn
  request_sha256: string
  reserved_micro_usd: number
  cost_micro_usd: Nullable<number>
  job_ref: NullableJson
  evidence: NullableJson
  error: NullableJson
  recover_count: WithDefault<number>
  submitted_at: Created
  accepted_at: Nullable<Date>
  finished_at: Nullable<Date>
}

interface LedgerTable {
  id: Generated<number>
  workspace_id: string
  campaign_id: string
  generation_id: string
  attempt_id: string
  kind: 'reserve' | 'settle' | 'release' | 'adjust'
  micro_usd: number
  model: string
  created_at: Created
}

interface WorkspaceMonthsTable {
  workspace_id: string
  /** YYYY-MM-DD */
  month: string
  reserved_micro_usd: WithDefault<number>
  spent_micro_usd: WithDefault<number>
}

interface VariantsTable {
  id: string
  workspace_id: string
  campaign_id: string
  segment_key: string
  locale: string
  position: number
  status: WithDefault<string>
  revision: WithDefault<number>
  plan_revision: number
  texts: JsonColumn
  error: NullableJson
  created_at: Created
  updated_at: Created
}

interface ReviewDecisionsTable {
  id: string
  workspace_id: string
  campaign_id: string
  variant_id: Nullable<string>
  shot_id: Nullable<string>
  revision: Nullable<number>
  decision: 'approved' | 'rejected'
  reason: Nullable<string>
  note: Nullable<string>
  regenerate: WithDefault<boolean>
  files_sha256: string[]
  key_id: string
  actor: Nullable<string>
  created_at: Created
  void_at: Nullable<Date>
}

interface RenditionsTable extends WorkItemColumns {
  id: string
  workspace_id: string
  campaign_id: string
  variant_id: string
  variant_revision: WithDefault<number>
  format: string
  shot_ids: string[]
  status: WithDefault<string>
  rendition_key: Nullable<string>
  video_file_id: Nullable<string>
  poster_file_id: Nullable<string>
  preview_file_id: Nullable<string>
  seconds: Nullable<number>
  width: Nullable<number>
  height: Nullable<number>
  draft: WithDefault<boolean>
  disclosure: NullableJson
  provenance: NullableJson
  qa: NullableJson
  error: NullableJson
  created_at: Created
  updated_at: Created
}

interface WebhookEndpointsTable {
  id: string
  workspace_id: string
  url: string
  description: WithDefault<string>
  event_types: Nullable<string[]>
  campaign_id: Nullable<string>
  status: WithDefault<'enabled' | 'disabled'>
  disabled_reason: Nullable<string>
  signature: WithDefault<'v1' | 'v1a'>
  secret_encrypted: Buffer
  previous_secret_encrypted: Nullable<Buffer>
  previous_secret_until: Nullable<Date>
  max_concurrency: WithDefault<number>
  rate_limit_per_second: Nullable<number>
  next_send_at: Nullable<Date>
  failing_since: Nullable<Date>
  metadata: Metadata
  created_at: Created
  updated_at: Created
  deleted_at: Nullable<Date>
}

interface EventsTable {
  id: string
  workspace_id: string
  sequence: Generated<number>
  transaction: Generated<string>
  type: string
  campaign_id: Nullable<string>
  subject_id: string
  dedupe_key: string
  body: string
  created_at: Created
}

interface DeliveriesTable extends WorkItemColumns {
  id: string
  workspace_id: string
  endpoint_id: string
  event_id: string
  status: WithDefault<'due' | 'delivered' | 'exhausted' | 'cancelled'>
  attempt_count: WithDefault<number>
  schedule_step: WithDefault<number>
  resume_status: Nullable<'due' | 'exhausted' | 'cancelled'>
  resume_at: Nullable<Date>
  last_status: Nullable<number>
  delivered_at: Nullable<Date>
  created_at: Created
  updated_at: Created
}

interface DeliveryAttemptsTable {
  delivery_id: string
  attempt: number
  started_at: Date
  milliseconds: number
  status: Nullable<number>
  error: Nullable<string>
  response_excerpt: Nullable<string>
  manual: WithDefault<boolean>
}

interface CampaignCountsView {
  campaign_id: string
  entity: 'variants' | 'renditions'
  status: string
  count: number
}

export interface Tables {
  workspaces: WorkspacesTable
  api_keys: ApiKeysTable
  audit_log: AuditLogTable
  idempotency_keys: IdempotencyKeysTable
  files: FilesTable
  media: MediaTable
  brands: BrandsTable
  formats: FormatsTable
  templates: TemplatesTable
  template_versions: TemplateVersionsTable
  audiences: AudiencesTable
  segments: SegmentsTable
  imports: ImportsTable
  import_errors: ImportErrorsTable
  campaigns: CampaignsTable
  plans: PlansTable
  plan_invalid: PlanInvalidTable
  shots: ShotsTable
  generations: GenerationsTable
  attempts: AttemptsTable
  ledger: LedgerTable
  workspace_months: WorkspaceMonthsTable
  variants: VariantsTable
  renditions: RenditionsTable
  review_decisions: ReviewDecisionsTable
  webhook_endpoints: WebhookEndpointsTable
  events: EventsTable
  deliveries: DeliveriesTable
  delivery_attempts: DeliveryAttemptsTable
  campaign_counts: CampaignCountsView
}
