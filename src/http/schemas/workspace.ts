import { z } from 'zod'
import { scopes } from '../auth.ts'
import { id, metadata, microUsd, time } from './common.ts'

const editable = {
  name: z.string().min(1).max(200),
  budget_per_month_micro_usd: microUsd.min(0).nullable(),
  metadata,
}

export const workspaceInput = z
  .strictObject({
    name: editable.name,
    budget_per_month_micro_usd: editable.budget_per_month_micro_usd.default(null),
    metadata: metadata.default({}),
  })
  .meta({ id: 'WorkspaceRequest' })
export const workspacePatch = z.strictObject(editable).partial().meta({ id: 'WorkspacePatch' })
export const workspace = z
  .object({ id: id('workspace'), object: z.literal('workspace'), ...editable, created_at: time, updated_at: time })
  .meta({ id: 'Workspace' })

export const keyInput = z
  .strictObject({
    name: z.string().min(1).max(200),
    scopes: z.array(z.enum(scopes)).min(1),
    workspace_id: z.string().max(80).optional().meta({ description: 'Another workspace: needs an operator key' }),
  })
  .meta({ id: 'ApiKeyRequest' })
export const apiKey = z
  .object({
    id: id('apiKey'),
    object: z.literal('api_key'),
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    workspace_id: id('workspace'),
    key: z.string().optional().meta({ description: 'The key itself: shown once, in the answer to create' }),
    created_at: time,
    last_used_at: time.nullable(),
  })
  .meta({ id: 'ApiKey' })

export const session = z
  .object({
    object: z.literal('session'),
    key_id: id('apiKey'),
    workspace_id: id('workspace'),
    workspace_name: z.string(),
    scopes: z.array(z.string()),
  })
  .meta({ id: 'Session' })

export const auditEntry = z
  .object({
    id: z.string(),
    object: z.literal('audit_entry'),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.looseObject({}),
    request_id: z.string().nullable(),
    created_at: time,
  })
  .meta({ id: 'AuditEntry' })

export const usageQuery = z.object({ from: z.iso.date().optional(), to: z.iso.date().optional() })
export const usage = z
  .object({
    object: z.literal('usage'),
    from: z.string(),
    to: z.string(),
    spent_micro_usd: microUsd,
    reserved_micro_usd: microUsd,
    saved_micro_usd: microUsd,
    by_campaign: z.array(z.object({ campaign_id: id('campaign'), spent_micro_usd: microUsd })),
    by_model: z.array(z.object({ model: z.string(), spent_micro_usd: microUsd })),
    by_day: z.array(z.object({ day: z.string(), spent_micro_usd: microUsd })),
  })
  .meta({ id: 'Usage' })
