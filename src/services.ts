/** The services of the domain, and which narrow port of one is given to another. */
import type { Db } from './database/client.ts'
import { createAudiences } from './domain/audience/service.ts'
import { createBrands } from './domain/brand/service.ts'
import { createCampaigns } from './domain/campaign/service.ts'
import { createEvents } from './domain/events/service.ts'
import { createFiles } from './domain/files/service.ts'
import { createFormats } from './domain/format/service.ts'
import { createGenerations } from './domain/generation/service.ts'
import { createMedia } from './domain/media/service.ts'
import { createSunsets } from './domain/models/service-sunset.ts'
import { createModels } from './domain/models/service.ts'
import type { WithAssets } from './domain/plan/ports.ts'
import { createPreviews } from './domain/preview/service.ts'
import { createProvenance } from './domain/provenance/service.ts'
import { shotCost } from './domain/plan/rules.ts'
import { createReviews, type ReviewDependencies } from './domain/review/service.ts'
import { createSpend } from './domain/spend/service.ts'
import { createTemplates } from './domain/template/service.ts'
import { createErasure } from './domain/variant/service-erase.ts'
import { createSettle } from './domain/variant/service-settle.ts'
import { createVariantSweeps } from './domain/variant/service-sweeps.ts'
import { createVariants } from './domain/variant/service.ts'
import { createDeliveries } from './domain/webhook/service-deliveries.ts'
import { createWebhookEndpoints } from './domain/webhook/service.ts'
import { createWorkspaces } from './domain/workspace/service.ts'
import type { Resources } from './resources.ts'
import { createSigningKeys } from './webhooks/secret.ts'

/** Where a provider reads a reference image: the link of the newest file with these bytes. */
async function findReference(db: Db, workspaceId: string, sha256: string) {
  return db
    .selectFrom('files')
    .select(['id', 'link_version', 'file_name'])
    .where('workspace_id', '=', workspaceId)
    .where('sha256', '=', sha256)
    .where('kind', '=', 'media')
    .where('removed_at', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow()
}

/** What happened, and to whom it is told. */
function createTelling({ ids, now, db, secrets, guard, randomBytes }: Resources) {
  const events = createEvents({ ids, now })
  const decrypt = (bytes: Buffer) => secrets.decrypt(bytes)
  const endpoints = createWebhookEndpoints({
    ids,
    now,
    events,
    encrypt: (text) => secrets.encrypt(text),
    decrypt,
    checkTarget: (url) => guard.check(url),
    signingKeys: createSigningKeys({ random: randomBytes }),
  })
  return { events, endpoints, deliveries: createDeliveries({ db, events, decrypt, now }) }
}

/** Files of media on the local disk, for as long as they are used. */
export function withAssetsOf({ assets }: Resources): WithAssets {
  return (media, use, signal = AbortSignal.any([])) =>
    assets.use(
      media.map(({ sha256, object_key: objectKey }) => ({ sha256, objectKey })),
      signal,
      use,
    )
}

export function createServices(resources: Resources) {
  const { ids, now, randomBytes, db, database, store, secrets, config, registry, publicUrl, compositor, workDir, trustedRoots } =
    resources
  const { events, endpoints, deliveries } = createTelling(resources)
  const sign = secrets.signer('file-link')
  const files = createFiles({ db, store, newId: ids, sign, publicUrl, now, linkDays: config.LINK_DAYS })
  const { link } = files

  const formats = createFormats()
  const templates = createTemplates({ ids, formats })
  const audiences = createAudiences({ ids, pool: database.pool, templates, eraseVariants: createErasure({ events }) })

  const spend = createSpend({ events, now })
  const settle = createSettle({ events, link })
  const variantSweeps = createVariantSweeps({ settle })
  const generations = createGenerations({
    db,
    ids,
    now,
    registry,
    spend,
    events,
    files,
    link,
    signCallback: secrets.signer('callback'),
    // A vendor cannot reach the default, which is this machine's own name for itself.
    callbackOrigin: config.PUBLIC_URL?.replace(/\/+$/, ''),
    releaseRenditions: variantSweeps.releaseRenditions,
    referenceLink: async (trx, workspaceId, sha256) => link(await findReference(trx, workspaceId, sha256)),
  })
  const { attach } = generations
  /** As a plan prices a shot, with every model of the list. */
  const price: ReviewDependencies['price'] = (spec, { models, on_uncertain }) => {
    const choices = models.flatMap((id) => registry.card(id) ?? []).map((card) => ({ card }))
    return shotCost(spec, choices, on_uncertain).max
  }
  const campaigns = createCampaigns({ ids, now, templates, audiences, formats, registry, link, attach, events, variantSweeps })

  return {
    audiences,
    callbacks: generations.callbacks,
    brands: createBrands({ ids }),
    campaigns,
    deliveries,
    endpoints,
    events,
    files,
    formats,
    generations,
    media: createMedia({ ids, store, link, tempDir: workDir, inspectImage: (path) => compositor.inspectImage(path) }),
    models: createModels({ registry }),
    sunsets: createSunsets({ registry, events, now }),
    previews: createPreviews({
      templates,
      formats,
      still: (composition, paths, options) => compositor.still(composition, paths, options),
      withAssets: withAssetsOf(resources),
    }),
    provenance: createProvenance({ tempDir: workDir, inspect: (path) => compositor.verify(path, { trusted: trustedRoots }) }),
    reviews: createReviews({ ids, link, events, attach, releaseReady: variantSweeps.releaseReady, price }),
    settle,
    spend,
    templates,
    variants: createVariants({ ids, link, attach, releaseReady: variantSweeps.releaseReady }),
    variantSweeps,
    workspaces: createWorkspaces({ ids, now, random: randomBytes }),
  }
}

export type Services = ReturnType<typeof createServices>
