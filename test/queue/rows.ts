/** Rows of every kind of work, made in sets, with no more around them than the queue looks at. */
import type { Db } from '#src/database/client.ts'
import { newId } from '#test/support/workspace.ts'
import { sql } from 'kysely'

export interface CampaignSettings {
  readonly status?: string
  readonly priority?: number
  readonly paused?: readonly string[]
  readonly notBefore?: Date
}

export async function addWorkspace(db: Db): Promise<string> {
  const id = newId('workspace')
  await sql`insert into workspaces (id, name) values (${id}, 'w')`.execute(db)
  await sql`insert into templates (id, workspace_id, name) values (${`t_${id}`}, ${id}, 't')`.execute(db)
  await sql`insert into template_versions values (${`t_${id}`}, 1, ${id}, '{}')`.execute(db)
  await sql`insert into audiences (id, workspace_id, name) values (${`a_${id}`}, ${id}, 'a')`.execute(db)
  return id
}

export async function addCampaign(db: Db, workspace: string, settings: CampaignSettings = {}): Promise<string> {
  const { status = 'rendering', priority = 5, paused = [], notBefore = null } = settings
  const id = newId('campaign')
  await sql`
    insert into campaigns (id, workspace_id, name, status, priority, pause_reasons, not_before, template_id, template_version,
      audience_id, audience_revision, settings)
    values (${id}, ${workspace}, 'c', ${status}, ${priority}, ${paused}, ${notBefore}, ${`t_${workspace}`}, 1,
      ${`a_${workspace}`}, 1, '{}')`.execute(db)
  return id
}

/** Waiting renditions, one a variant, due since `dueSecondsAgo`. Ids sort in the order of `n`. */
export async function addRenditions(db: Db, campaign: string, count: number, dueSecondsAgo = 60): Promise<string[]> {
  const key = newId('rendition')
  await sql`
    insert into variants (id, workspace_id, campaign_id, segment_key, locale, position, plan_revision, texts)
    select 'v' || ${key} || n, c.workspace_id, c.id, ${key} || n, 'en', n, 1, '{}'
    from campaigns c, generate_series(1, ${count}::int) n where c.id = ${campaign}`.execute(db)
  const { rows } = await sql<{ id: string }>`
    insert into renditions (id, workspace_id, campaign_id, variant_id, format, shot_ids, due_at)
    select ${key} || lpad(n::text, 7, '0'), c.workspace_id, c.id, 'v' || ${key} || n, 'f', '{}',
      now() - ${dueSecondsAgo} * interval '1 second'
    from campaigns c, generate_series(1, ${count}::int) n where c.id = ${campaign} returning id`.execute(db)
  return rows.map((row) => row.id)
}

/** Generations that a shot of the campaign points at. */
export async function addGenerations(
  db: Db,
  campaign: string,
  count: number,
  { model = 'sim/one', status = 'planned' }: { model?: string; status?: string } = {},
): Promise<string[]> {
  const key = newId('generation')
  const { rows } = await sql<{ id: string }>`
    with made as (
      insert into generations (id, workspace_id, generation_key, shot_key, spec, model, status, due_at)
      select ${key} || lpad(n::text, 7, '0'), c.workspace_id, ${key} || n, ${key} || n, '{}', ${model}, ${status},
        now() - interval '60 seconds'
      from campaigns c, generate_series(1, ${count}::int) n where c.id = ${campaign} returning *),
    shots as (
      insert into shots (id, workspace_id, campaign_id, shot_key, spec, generation_id)
      select 's' || id, workspace_id, ${campaign}, shot_key, '{}', id from made)
    select id from made`.execute(db)
  return rows.map((row) => row.id)
}

export async function addEndpoint(
  db: Db,
  workspace: string,
  { concurrency = 8, rate = null, status = 'enabled' }: { concurrency?: number; rate?: number | null; status?: string } = {},
): Promise<string> {
  const id = newId('endpoint')
  await sql`
    insert into webhook_endpoints (id, workspace_id, url, secret_encrypted, max_concurrency, rate_limit_per_second, status)
    values (${id}, ${workspace}, 'https://receiver.example/', '', ${concurrency}, ${rate}, ${status})`.execute(db)
  return id
}

export async function addDeliveries(db: Db, endpoint: string, count: number): Promise<string[]> {
  const key = newId('delivery')
  const { rows } = await sql<{ id: string }>`
    with made as (
      insert into events (id, workspace_id, type, subject_id, dedupe_key, body)
      select 'e' || ${key} || n, e.workspace_id, 'endpoint.test', 's', ${key} || n, '{}'
      from webhook_endpoints e, generate_series(1, ${count}::int) n where e.id = ${endpoint} returning id, workspace_id)
    insert into deliveries (id, workspace_id, endpoint_id, event_id, due_at)
    select 'd' || id, workspace_id, ${endpoint}, id, now() - interval '60 seconds' from made returning id`.execute(db)
  return rows.map((row) => row.id)
}

/** No row is due any more. Between tests that share a database. */
export async function forgetWork(db: Db): Promise<void> {
  await sql`update renditions set status = 'cancelled' where status in ('waiting', 'composing')`.execute(db)
  await sql`update generations set status = 'cancelled' where status in ('planned', 'submitting', 'running', 'fetching')`.execute(
    db,
  )
  await sql`update deliveries set status = 'cancelled' where status = 'due'`.execute(db)
  await sql`delete from attempts`.execute(db)
}
