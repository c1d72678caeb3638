/**
 * Which life of a database an entry of its journal belongs to.
 *
 * A file that is restored from a copy gives the numbers after that copy once more, to other
 * entries. Each opening therefore begins an epoch with a name that no other has. Invariant: one
 * name and one seq never stand for two entries.
 */
import { randomBytes } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { Kysely } from 'kysely';
import type { EngineTables } from './schema.ts';

/** Epochs that are kept: who comes with an older one begins anew. */
const MAX_EPOCHS = 1_000;
const NAME_BYTES = 6;

/** From the first entry after `afterSeq` on, until the next epoch begins. */
export interface FeedEpoch {
  readonly name: string;
  readonly afterSeq: number;
}

/** Begins the epoch of this opening. */
export function beginFeedEpoch(db: Database.Database, lastSeq: number): void {
  const name = randomBytes(NAME_BYTES).toString('base64url');
  const insert = db.prepare('INSERT INTO feed_epochs (name, after_seq) VALUES (?, ?)');
  const { lastInsertRowid } = insert.run(name, lastSeq);
  const prune = db.prepare('DELETE FROM feed_epochs WHERE id <= ?');
  prune.run(Number(lastInsertRowid) - MAX_EPOCHS);
}

/** The oldest first; none in a store that never lives on. */
export function feedEpochs(db: Kysely<EngineTables>): Promise<readonly FeedEpoch[]> {
  const all = db.selectFrom('feed_epochs').select(['name', 'after_seq as afterSeq']);
  return all.orderBy('id').execute();
}
