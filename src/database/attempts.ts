/** Attempts: one submission to one provider each, written down before the request is sent. */
import type { Json } from '#src/contracts/json.ts'
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Db } from './client.ts'
import type { Tables } from './tables.ts'

export type AttemptRow = Selectable<Tables['attempts']>

export const insertAttempt = (db: Db, row: Insertable<Tables['attempts']>): Promise<AttemptRow> =>
  db.insertInto('attempts').values(row).returningAll().executeTakeFirstOrThrow()

export const findAttempt = (db: Db, id: string): Promise<AttemptRow> =>
  db.selectFrom('attempts').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

export const findAttemptIfAny = (db: Db, id: string): Promise<AttemptRow | undefined> =>
  db.selectFrom('attempts').selectAll().where('id', '=', id).executeTakeFirst()

/** Whether another attempt of the model has a job already. */
export async function isJobOfAnother(db: Db, attempt: Pick<AttemptRow, 'id' | 'model'>, jobRef: Json): Promise<boolean> {
  const { rows } = await sql`
    select from attempts where model = ${attempt.model} and id <> ${attempt.id}
      and job_ref = ${JSON.stringify(jobRef)}::jsonb limit 1`.execute(db)
  return rows.length > 0
}

/** Oldest first, of a page of generations at once. */
export const attemptsOf = (db: Db, generationIds: readonly string[]): Promise<AttemptRow[]> =>
  generationIds.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('attempts')
        .selectAll()
        .where('generation_id', 'in', [...generationIds])
        .orderBy('submitted_at')
        .orderBy('id')
        .execute()

/**
 * Only from one of the given states; the guard that ends a reservation once, whatever is replayed.
 * @returns false when the attempt was in another state, and nothing was written
 */
export async function moveAttempt(
  db: Db,
  id: string,
  from: readonly string[],
  changes: Updateable<Tables['attempts']>,
): Promise<boolean> {
  const result = await db
    .updateTable('attempts')
    .set(changes)
    .where('id', '=', id)
    .where('status', 'in', [...from])
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Of an attempt that the caller's generation lease covers. */
export async function noteAttempt(db: Db, id: string, changes: Updateable<Tables['attempts']>): Promise<void> {
  await db.updateTable('attempts').set(changes).where('id', '=', id).execute()
}

/** Job references of a generation's other attempts: a recovery must not claim one of them. */
export async function otherJobRefs(
  db: Db,
  attempt: Pick<AttemptRow, 'id' | 'model' | 'submitted_at'>,
  since: Date,
): Promise<Json[]> {
  const rows = await db
    .selectFrom('attempts')
    .select('job_ref')
    .where('model', '=', attempt.model)
    .where('id', '<>', attempt.id)
    .where('submitted_at', '>=', since)
    .where('job_ref', 'is not', null)
    .execute()
  return rows.map((row) => row.job_ref)
}

/** How many other attempts with an equal request, of any workspace, wait for their answer too. */
export async function countTwins(db: Db, attempt: AttemptRow, statuses: readonly string[]): Promise<number> {
  const { twins } = await db
    .selectFrom('attempts')
    .select((eb) => eb.fn.countAll<number>().as('twins'))
    .where('model', '=', attempt.model)
    .where('request_sha256', '=', attempt.request_sha256)
    .where('id', '<>', attempt.id)
    .where('job_ref', 'is', null)
    .where('status', 'in', [...statuses])
    .executeTakeFirstOrThrow()
  return twins
}
