/** Every route, and the services that they call. */
import type { FastifyInstance } from 'fastify'
import type { Audiences } from '#src/domain/audience/service.ts'
import type { Callbacks } from '#src/domain/generation/service-callbacks.ts'
import type { Brands } from '#src/domain/brand/service.ts'
import type { Campaigns } from '#src/domain/campaign/service.ts'
import type { Events } from '#src/domain/events/service.ts'
import type { Files } from '#src/domain/files/service.ts'
import type { Formats } from '#src/domain/format/service.ts'
import type { Generations } from '#src/domain/generation/service.ts'
import type { MediaLibrary } from '#src/domain/media/service.ts'
import type { Models } from '#src/domain/models/service.ts'
import type { Previews } from '#src/domain/preview/service.ts'
import type { ProvenanceService } from '#src/domain/provenance/service.ts'
import type { Reviews } from '#src/domain/review/service.ts'
import type { Spend } from '#src/domain/spend/service.ts'
import type { Templates } from '#src/domain/template/service.ts'
import type { Variants } from '#src/domain/variant/service.ts'
import type { WebhookEndpoints } from '#src/domain/webhook/service.ts'
import type { Workspaces } from '#src/domain/workspace/service.ts'
import type { Authenticate } from '../auth.ts'
import type { AddOperation } from '../operation.ts'
import type { WaitForEvents } from '../sse.ts'
import { addAudiences } from './audiences.ts'
import { addCallbacks } from './callbacks.ts'
import { addBrands } from './brands.ts'
import { addCampaigns } from './campaigns.ts'
import { addFiles } from './files.ts'
import { addLibrary } from './library.ts'
import { addProvenance } from './provenance.ts'
import { addResults } from './results.ts'
import { addReviews } from './reviews.ts'
import { addTemplates } from './templates.ts'
import { addWebhooks } from './webhooks.ts'
import { addWorkspaces } from './workspaces.ts'

export interface Services {
  readonly audiences: Audiences
  readonly callbacks: Callbacks
  readonly brands: Brands
  readonly campaigns: Campaigns
  readonly endpoints: WebhookEndpoints
  readonly events: Events
  readonly files: Files
  readonly formats: Formats
  readonly generations: Generations
  readonly media: MediaLibrary
  readonly models: Models
  readonly previews: Previews
  readonly provenance: ProvenanceService
  readonly reviews: Reviews
  readonly spend: Spend
  readonly templates: Templates
  readonly variants: Variants
  readonly workspaces: Workspaces
}

/** What routes need that are not operations with a key. */
export interface RouteContext {
  readonly authenticate: Authenticate
  /** Absent: streams look once a second. */
  readonly waitForEvents?: WaitForEvents
}

export type AddRoutes = (add: AddOperation, services: Services, app: FastifyInstance, context: RouteContext) => void

const groups: readonly AddRoutes[] = [
  addCampaigns,
  addTemplates,
  addAudiences,
  addResults,
  addProvenance,
  addReviews,
  addLibrary,
  addBrands,
  addWebhooks,
  addWorkspaces,
  addFiles,
  addCallbacks,
]

export function addRoutes(app: FastifyInstance, add: AddOperation, services: Services, context: RouteContext): void {
  for (const addGroup of groups) addGroup(add, services, app, context)
}
