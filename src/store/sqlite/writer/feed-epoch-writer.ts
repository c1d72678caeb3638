/** Begins a feed epoch, see feed-epochs.ts, in the writer's own connection. */
import { randomBytes } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { SqlNames } from '../../sql-names.ts';

/** Epochs that are kept: who comes with an older one begins anew. */
const MAX_EPOCHS = 1_000;
const NAME_BYTES = 6;

const INSERT_EPOCH = 'INSERT INTO feed_epochs (name, after_seq) VALUES (?, ?)';
const PRUNE_EPOCHS = 'DELETE FROM feed_epochs WHERE id <= ?';

/** Begins the epoch of this opening. */
export function beginFeedEpoch(db: Database.Database, names: SqlNames, lastSeq: number): void {
  const name = randomBytes(NAME_BYTES).toString('base64url');
  const insert = db.prepare(names.inSql(INSERT_EPOCH));
  const { lastInsertRowid } = insert.run(name, lastSeq);
  const prune = db.prepare(names.inSql(PRUNE_EPOCHS));
  prune.run(Number(lastInsertRowid) - MAX_EPOCHS);
}
