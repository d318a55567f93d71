/** Who depends on a model: campaigns that have not ended and name it, with their templates. */
import { sql } from 'kysely'
import type { Db } from './client.ts'

export interface ModelDependents {
  readonly workspaceId: string
  readonly campaignIds: readonly string[]
  readonly templateIds: readonly string[]
}

/** Per workspace, newest first; an event names 1,000 campaigns at most. */
export async function dependentsByWorkspace(db: Db, model: string): Promise<ModelDependents[]> {
  const { rows } = await sql<ModelDependents>`
    select workspace_id as "workspaceId",
      (array_agg(id order by id desc))[1:1000] as "campaignIds",
      (array_agg(distinct template_id))[1:1000] as "templateIds"
    from campaigns
    where status not in ('completed', 'cancelled') and settings -> 'models' ? ${model}
    group by workspace_id order by workspace_id`.execute(db)
  return rows
}
