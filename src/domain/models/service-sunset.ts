/** Models end on a date. Whoever depends on one hears of it 30, 7 and 1 days before, once each. */
import type { ModelCard } from '#src/contracts/model-card.ts'
import { dependentsByWorkspace } from '#src/database/models.ts'
import type { Db } from '#src/database/client.ts'
import type { Events } from '../events/service.ts'
import { sunsetNotice } from './rules.ts'

export interface SunsetDependencies {
  readonly registry: { cards(): readonly ModelCard[] }
  readonly events: Pick<Events, 'emitMany'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Rows are asked this often in a process; that an event is sent once is the work of its key. */
const everyMs = 3_600_000

export function createSunsets({ registry, events, now }: SunsetDependencies) {
  let nextAt = -Infinity

  /** Cheap unless an hour has passed and a model is near its end. */
  async function announce(db: Db): Promise<void> {
    if (now() < nextAt) return
    for (const card of registry.cards()) await announceOne(db, card)
    nextAt = now() + everyMs
  }

  async function announceOne(db: Db, { id, sunsetAt }: ModelCard): Promise<void> {
    const days = sunsetNotice(sunsetAt, new Date(now()))
    if (sunsetAt === undefined || days === undefined) return
    const dependents = await dependentsByWorkspace(db, id)
    await events.emitMany(
      db,
      dependents.map(({ workspaceId, campaignIds, templateIds }) => ({
        workspaceId,
        type: 'model.sunset_soon' as const,
        subjectId: id,
        dedupeKey: `model.sunset_soon:${id}:${sunsetAt}:${days}`,
        data: { model: id, sunset_on: sunsetAt, days, campaign_ids: campaignIds, template_ids: templateIds },
      })),
    )
  }

  return { announce }
}
