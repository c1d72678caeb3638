/**
 * Which life of a database an entry of its journal belongs to.
 *
 * A file that is restored from a copy gives the numbers after that copy once more, to other
 * entries. Each opening therefore begins an epoch with a name that no other has. Invariant: one
 * name and one seq never stand for two entries.
 */
import type { Kysely } from 'kysely';
import type { EngineTables } from '../schema.ts';

/** From the first entry after `afterSeq` on, until the next epoch begins. */
export interface FeedEpoch {
  readonly name: string;
  readonly afterSeq: number;
}

/** The oldest first; none in a store that never lives on. */
export function feedEpochs(db: Kysely<EngineTables>): Promise<readonly FeedEpoch[]> {
  const all = db.selectFrom('feed_epochs').select(['name', 'after_seq as afterSeq']);
  return all.orderBy('id').execute();
}
