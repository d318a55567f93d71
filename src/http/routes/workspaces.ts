import { z } from 'zod'
import { id, page, pageQuery } from '../schemas/common.ts'
import {
  apiKey,
  auditEntry,
  keyInput,
  session,
  usage,
  usageQuery,
  workspace,
  workspaceInput,
  workspacePatch,
} from '../schemas/workspace.ts'
import type { AddRoutes } from './index.ts'

const one = z.object({ id: id('workspace') })
const tag = 'workspaces'

export const addWorkspaces: AddRoutes = (add, { workspaces, spend }) => {
  add({
    method: 'POST',
    url: '/v1/workspaces',
    operationId: 'createWorkspace',
    tag,
    needs: 'operator',
    effect: 'change',
    idempotent: true,
    summary: 'Create a workspace',
    body: workspaceInput,
    status: 201,
    answer: workspace,
    tagged: true,
    handler: ({ scope, body }) => workspaces.create(scope, body),
  })
  add({
    method: 'GET',
    url: '/v1/workspaces',
    operationId: 'listWorkspaces',
    tag,
    needs: 'operator',
    effect: 'read',
    summary: 'List workspaces, newest first',
    query: pageQuery,
    answer: page(workspace, 'Workspace'),
    handler: ({ scope, query }) => workspaces.list(scope, query),
  })
  add({
    method: 'GET',
    url: '/v1/workspaces/:id',
    operationId: 'getWorkspace',
    tag,
    needs: 'operator',
    effect: 'read',
    summary: 'One workspace',
    params: one,
    answer: workspace,
    tagged: true,
    handler: ({ scope, params }) => workspaces.get(scope, params.id),
  })
  add({
    method: 'PATCH',
    url: '/v1/workspaces/:id',
    operationId: 'updateWorkspace',
    tag,
    needs: 'operator',
    effect: 'change',
    summary: 'Change a workspace',
    params: one,
    body: workspacePatch,
    answer: workspace,
    tagged: true,
    current: ({ scope, params }) => workspaces.get(scope, params.id),
    handler: ({ scope, params, body }) => workspaces.patch(scope, params.id, body),
  })
  add({
    method: 'DELETE',
    url: '/v1/workspaces/:id',
    operationId: 'deleteWorkspace',
    tag,
    needs: 'operator',
    effect: 'change',
    summary: 'Delete a workspace: its keys stop working and its campaigns are cancelled',
    params: one,
    handler: ({ scope, params }) => workspaces.delete(scope, params.id),
  })
  add({
    method: 'POST',
    url: '/v1/api-keys',
    operationId: 'createApiKey',
    tag,
    needs: 'admin',
    effect: 'change',
    idempotent: true,
    secret: true,
    summary: 'Create an API key; the key itself is in this answer and in no other',
    body: keyInput,
    status: 201,
    answer: apiKey,
    handler: ({ scope, body, caller }) => workspaces.createKey(scope, body, caller.scopes),
  })
  add({
    method: 'GET',
    url: '/v1/api-keys',
    operationId: 'listApiKeys',
    tag,
    needs: 'admin',
    effect: 'read',
    summary: 'List the keys of this workspace',
    query: pageQuery,
    answer: page(apiKey, 'ApiKey'),
    handler: ({ scope, query }) => workspaces.listKeys(scope, query),
  })
  add({
    method: 'DELETE',
    url: '/v1/api-keys/:id',
    operationId: 'deleteApiKey',
    tag,
    needs: 'admin',
    effect: 'change',
    summary: 'Revoke a key; it stops working everywhere within 5 s',
    params: z.object({ id: id('apiKey') }),
    handler: ({ scope, params }) => workspaces.deleteKey(scope, params.id),
  })
  add({
    method: 'GET',
    url: '/v1/session',
    operationId: 'getSession',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'What the key of this request may do, and where',
    answer: session,
    handler: async ({ scope, caller }) => {
      const { id: workspace_id, name } = await workspaces.get(scope, scope.workspaceId)
      const scopes = [...caller.scopes]
      return { object: 'session' as const, key_id: caller.keyId, workspace_id, workspace_name: name, scopes }
    },
  })
  add({
    method: 'GET',
    url: '/v1/audit-log',
    operationId: 'listAuditLog',
    tag,
    needs: 'admin',
    effect: 'read',
    summary: 'Who did what, newest first',
    query: pageQuery,
    answer: page(auditEntry, 'AuditEntry'),
    handler: ({ scope, query }) => workspaces.auditLog(scope, query),
  })
  add({
    method: 'GET',
    url: '/v1/usage',
    operationId: 'getUsage',
    tag,
    needs: 'read',
    effect: 'read',
    summary: 'Spend by campaign, model and day',
    query: usageQuery,
    answer: usage,
    handler: ({ scope, query }) => spend.usage(scope, query),
  })
}
