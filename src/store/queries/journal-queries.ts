/**
 * The journal of all sagas as one stream, with the inbound of every line: what inspectors follow.
 *
 * Reads only, by position: a page costs the same anywhere in the journal.
 */
import type { Kysely } from 'kysely';
import type { FeedFilter, JournalEntry } from '../read-models.ts';
import type { EngineTables } from '../schema.ts';

/** Most lines of one read: each carries its inbound. */
const MAX_LINES = 200;

type Db = Kysely<EngineTables>;

/** Lines with `seq > afterSeq` in order, at most `limit`. */
export function journalAfter(
  db: Db,
  afterSeq: number,
  limit: number,
  { sagaId, type, status }: FeedFilter,
): Promise<readonly JournalEntry[]> {
  let query = db
    .selectFrom('journal')
    .innerJoin('sagas', 'sagas.sid', 'journal.sid')
    .select(['journal.seq', 'sagas.id as sagaId', 'sagas.type', 'journal.saga_seq as sagaSeq'])
    .select(['journal.at as atMs', 'journal.kind', 'journal.cause', 'journal.event'])
    .select(['from_state as from', 'to_state as to', 'journal.status'])
    .select(['journal.data', 'journal.format'])
    .where('journal.seq', '>', afterSeq);
  if (sagaId !== undefined) query = query.where('sagas.id', '=', sagaId);
  if (type !== undefined) query = query.where('sagas.type', '=', type);
  if (status !== undefined) query = query.where('journal.status', '=', status);
  const size = Math.max(1, Math.min(MAX_LINES, Math.floor(limit)));
  return query.orderBy('journal.seq').limit(size).execute();
}

/** The position of the last committed line; 0 in an empty journal. */
export async function lastJournalSeq(db: Db): Promise<number> {
  const row = await db
    .selectFrom('journal')
    .select('seq')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.seq ?? 0;
}
